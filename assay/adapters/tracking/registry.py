"""Versions and aliases in MLflow's registry, and their bundles."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.tracking.client import is_not_found, mlflow_client, reaching_mlflow
from assay.bundle import SIGNATURE_TAG, Bundle, bundle_signature, read_bundle
from assay.errors import RegistryError
from assay.ledger.signing import signing_key

if TYPE_CHECKING:
    from assay.settings import Settings

CHAMPION = "champion"
CHALLENGER = "challenger"
_PROXY = "mlflow-artifacts:/"


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """What the registry says of one version.

    Attributes
    ----------
    model_name : str
        The model.
    version : int
        Number that the registry gave.
    bundle_digest : str
        Digest of its bundle.
    bundle_path : str
        Folder of the bundle below the server's artifact root.
    run_id : str
        The training run.
    tags : mapping of str to str
        All tags of the version.
    """

    model_name: str
    version: int
    bundle_digest: str
    bundle_path: str
    run_id: str
    tags: dict[str, str]


class Registry:
    """The registry that the settings name.

    Every method raises `SourceError` if the server does not answer as it should.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = mlflow_client(settings)

    def with_alias(self, model_name: str, alias: str) -> VersionRecord | None:
        """Return the version that carries `alias`, or None if none does."""
        from mlflow.exceptions import MlflowException

        with reaching_mlflow(self._settings, f"read alias {alias!r} of {model_name!r}"):
            try:
                found = self._client.get_model_version_by_alias(model_name, alias)
            except MlflowException as error:
                if is_not_found(error):
                    return None
                raise
        return _record(found)

    def champion(self, model_name: str) -> VersionRecord:
        """Return the champion.

        Raises
        ------
        RegistryError
            If the model has none.
        """
        found = self.with_alias(model_name, CHAMPION)
        if found is None:
            raise RegistryError(
                f"model {model_name!r} has no champion; train and promote one with "
                f"'assay run nightly --model {model_name}'"
            )
        return found

    def versions(self, model_name: str) -> list[VersionRecord]:
        """Return every version of a model, newest first; none of an unknown model."""
        with reaching_mlflow(self._settings, f"list versions of {model_name!r}"):
            found = self._client.search_model_versions(f"name='{model_name}'")
        records = [_record(version) for version in found]
        return sorted(records, key=lambda record: record.version, reverse=True)

    def model_names(self) -> list[str]:
        """Return the names of all registered models, sorted."""
        with reaching_mlflow(self._settings, "list models"):
            return sorted(model.name for model in self._client.search_registered_models())

    def with_digest(self, model_name: str, digest: str) -> VersionRecord | None:
        """Return the newest version whose bundle has this digest, or None."""
        return next(
            (one for one in self.versions(model_name) if one.bundle_digest == digest),
            None,
        )

    def register(
        self, folder: Path, bundle: Bundle, run_id: str, tags: dict[str, str]
    ) -> VersionRecord:
        """Upload a model folder with its bundle and return the version made of it.

        A version of the same digest is returned as it is: nothing is made twice.

        Parameters
        ----------
        folder : Path
            An MLflow model folder that holds the bundle in its sub-folder ``bundle``.
        bundle : Bundle
            The bundle that was read from there.
        run_id : str
            The training run.
        tags : mapping of str to str
            Tags of the version beside those of the bundle.
        """
        name = bundle.manifest.model_name
        with reaching_mlflow(self._settings, f"register a version of {name!r}"):
            known = self.with_digest(name, bundle.digest)
            if known is not None:
                return known
            logged = self._upload(folder, name, run_id)
            self._ensure_model(name, bundle)
            made = self._client.create_model_version(
                name,
                source=f"models:/{logged.model_id}",
                run_id=run_id,
                model_id=logged.model_id,
                tags={
                    **tags,
                    "assay.bundle_digest": bundle.digest,
                    "assay.bundle_path": _below_proxy(logged.artifact_location),
                },
            )
        return _record(made)

    def sign(self, record: VersionRecord) -> VersionRecord:
        """Give a version the platform's signature of its bundle, if it has none.

        Raises
        ------
        LedgerError
            If the platform's private key cannot be used.
        """
        key = signing_key(self._settings.platform_key_file)
        signature = bundle_signature(key, record.bundle_digest)
        if record.tags.get(SIGNATURE_TAG) == signature:  # Ed25519 signs the same alike
            return record
        with reaching_mlflow(self._settings, f"sign version {record.version}"):
            self._client.set_model_version_tag(
                record.model_name, str(record.version), SIGNATURE_TAG, signature
            )
        return replace(record, tags={**record.tags, SIGNATURE_TAG: signature})

    def move_alias(self, model_name: str, alias: str, version: int) -> None:
        """Give `alias` to `version`, taking it from the version that had it."""
        with reaching_mlflow(self._settings, f"move alias {alias!r} of {model_name!r}"):
            self._client.set_registered_model_alias(model_name, alias, str(version))

    def fetch_bundle(self, record: VersionRecord, folder: Path) -> Bundle:
        """Return the version's bundle from `folder`, fetched there if it is not.

        Raises
        ------
        BundleError
            If what was fetched is not what the registry promised.
        """
        from mlflow.artifacts import download_artifacts

        target = folder / record.bundle_digest
        if target.exists():
            return read_bundle(target, record.bundle_digest)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".fetch-", dir=folder))
        try:
            with reaching_mlflow(self._settings, f"fetch version {record.version}"):
                got = download_artifacts(
                    artifact_uri=f"{_PROXY}{record.bundle_path}",
                    tracking_uri=self._settings.mlflow_tracking,
                    dst_path=str(unfinished),
                )
            read_bundle(Path(got), record.bundle_digest)
            if not target.exists():
                Path(got).rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return read_bundle(target, record.bundle_digest)

    def _upload(self, folder: Path, name: str, run_id: str) -> Any:  # noqa: ANN401 # untyped
        experiment = self._client.get_run(run_id).info.experiment_id
        logged = self._client.create_logged_model(
            experiment, name=name, source_run_id=run_id
        )
        self._client.log_model_artifacts(logged.model_id, str(folder))
        self._client.finalize_logged_model(logged.model_id, "READY")
        return logged

    def _ensure_model(self, name: str, bundle: Bundle) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(
                name, description=bundle.contract.purpose
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _record(version: Any) -> VersionRecord:  # noqa: ANN401 # MLflow's, untyped
    tags = dict(version.tags)
    return VersionRecord(
        model_name=version.name,
        version=int(version.version),
        bundle_digest=tags.get("assay.bundle_digest", ""),
        bundle_path=tags.get("assay.bundle_path", ""),
        run_id=version.run_id or "",
        tags=tags,
    )


def _below_proxy(artifact_location: str) -> str:
    if not artifact_location.startswith(_PROXY):
        raise RegistryError(
            f"the MLflow server keeps artifacts at {artifact_location!r} instead of "
            "handing them out itself; start it with --artifacts-destination"
        )
    return f"{artifact_location.removeprefix(_PROXY).lstrip('/')}/bundle"
