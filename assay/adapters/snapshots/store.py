"""Snapshots: immutable tables, named by their content, in a DVC repository."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from assay.adapters.snapshots.files import (
    exclusive,
    keep_table,
    sha256_of,
    write_atomically,
)
from assay.adapters.snapshots.tables import accepted_table, refused_table
from assay.adapters.snapshots.versioning import DvcRepository
from assay.contract.model import Contract
from assay.errors import ConfigError, SourceError
from assay.quality.evidence import OURS
from assay.settings import Settings

_LINEAGE = ".lineage.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One immutable table.

    Attributes
    ----------
    snapshot_id : str
        SHA-256 of the Parquet file, in hex: the same rows have the same name.
    uri : str
        Absolute path of the file; `read_snapshot` takes it.
    n_rows : int
        Rows.
    as_of : datetime or None
        Moment that the rows are true of, from the lineage's key ``as_of``.
    lineage_uri : str
        Absolute path of the JSON beside it: where the rows came from, one entry for
        each time that they were delivered.
    is_new : bool
        False where these very rows had been kept before.
    """

    snapshot_id: str
    uri: str
    n_rows: int
    as_of: datetime | None
    lineage_uri: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """Keeps and finds snapshots under ``settings.snapshot_store``.

    A folder a model holds ``<id>.parquet``, its DVC pointer, its lineage and, in
    ``quarantine/``, the rows that were refused. Every file is pushed to the remote
    ``settings.snapshot_remote_url``, a folder or an ``s3://`` URL.
    """

    settings: Settings

    def write(
        self, frame: pd.DataFrame, contract: Contract, lineage: Mapping[str, Any]
    ) -> Snapshot:
        """Keep the accepted rows of one delivery; rows already kept are not written.

        Parameters
        ----------
        frame : DataFrame
            `Quality.accepted` of `assay.quality.rows`.
        contract : Contract
            Whose fields give the columns their types.
        lineage : mapping
            What is known of the origin, ready for JSON: source and its digest, code
            revision, ``n_received``, ``n_accepted``, ``n_quarantined``, ``as_of``. The
            contract's name and digest, the snapshot's id and its rows are added.

        Raises
        ------
        SourceError
            If the disk or the remote refuses. Nothing half-written stays, and writing
            the same again completes what is lacking.
        """
        uri, is_new = self._keep(accepted_table(frame, contract), contract.name)
        known = {
            "model": contract.name,
            "contract_digest": contract.digest,
            "snapshot_id": uri.stem,
            "n_rows": len(frame),
        }
        self._append_lineage(uri, {**_plain(lineage), **known})
        return replace(self.find(str(uri)), is_new=is_new)

    def write_quarantine(
        self, quarantined: pd.DataFrame, contract: Contract, lineage: Mapping[str, Any]
    ) -> Snapshot:
        """Keep refused rows with their reasons, every received cell as text.

        The rows of a failed delivery are kept too; call it before the gate decides.
        """
        table = refused_table(quarantined)
        uri, is_new = self._keep(table, f"{contract.name}/quarantine")
        known = {
            "model": contract.name,
            "contract_digest": contract.digest,
            "snapshot_id": uri.stem,
            "n_rows": len(quarantined),
            "columns_added": list(OURS),
        }
        self._append_lineage(uri, {**_plain(lineage), **known})
        return replace(self.find(str(uri)), is_new=is_new)

    def find(self, uri: str) -> Snapshot:
        """Return what is known of a snapshot, by its latest delivery.

        Raises
        ------
        SourceError
            If no lineage stands beside it.
        """
        latest = lineage_of(uri)[-1]
        return Snapshot(
            snapshot_id=Path(uri).stem,
            uri=uri,
            n_rows=int(latest["n_rows"]),
            as_of=_as_of(latest),
            lineage_uri=str(_beside(Path(uri))),
            is_new=False,
        )

    def has_any(self, model_name: str) -> bool:
        """Return True where the model has a snapshot."""
        return any((self.settings.snapshot_store / model_name).glob(f"*{_LINEAGE}"))

    def newest(self, model_name: str) -> Snapshot:
        """Return the snapshot of the model that was delivered last.

        Raises
        ------
        SourceError
            If the model has none.
        """
        folder = self.settings.snapshot_store / model_name
        found = [
            str(beside).removesuffix(_LINEAGE) + ".parquet"
            for beside in folder.glob(f"*{_LINEAGE}")
        ]
        if not found:
            raise SourceError(
                f"model {model_name!r} has no snapshot in {folder.parent}; ingest its "
                "data first"
            )
        return self.find(max(found, key=lambda uri: str(lineage_of(uri)[-1]["kept_at"])))

    def read(
        self, snapshot: Snapshot, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the rows of a snapshot; see `read_snapshot`."""
        return read_snapshot(snapshot.uri, columns)

    def _keep(self, table: pa.Table, folder: str) -> tuple[Path, bool]:
        """Return the file of `table`, in the repository and at the remote."""
        repository = DvcRepository(
            self.settings.snapshot_store,
            self.settings.snapshot_remote_url,
            self.settings.s3_endpoint,
        )
        with exclusive(self.settings.snapshot_store):
            repository.prepare()
            path, is_new = keep_table(table, self.settings.snapshot_store / folder)
            try:
                repository.add_and_push(path, add=is_new or not _pointer(path).exists())
            except BaseException:
                if is_new and not _pointer(path).exists():
                    path.unlink(missing_ok=True)
                raise
        return path, is_new

    def _append_lineage(self, path: Path, entry: dict[str, Any]) -> None:
        beside = _beside(path)
        with exclusive(self.settings.snapshot_store):
            entries = lineage_of(str(path)) if beside.exists() else []
            entries.append({**entry, "kept_at": datetime.now(UTC).isoformat()})
            text = json.dumps(entries, indent=2, sort_keys=True, ensure_ascii=False)
            write_atomically(beside, lambda partial: partial.write_text(text + "\n"))


def read_snapshot(uri: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the rows of a snapshot, or some of its columns in the order asked for.

    A file that is gone is fetched from the remote; one that is not what its name says
    is refused.

    Raises
    ------
    SourceError
        If there is no such snapshot, the remote does not have it, or it was altered.
    ConfigError
        If a column is not in it; those it has are listed.
    """
    path = Path(uri)
    if not path.exists():
        _fetch(path)
    found = sha256_of(path)
    if found != path.stem:
        raise SourceError(
            f"snapshot {path} was altered: its content has sha256 {found}; delete the "
            "file, and it is fetched again from the remote"
        )
    with pyarrow.parquet.ParquetFile(path) as file:
        have = file.schema_arrow.names
        lacking = [name for name in columns or () if name not in have]
        if lacking:
            raise ConfigError(
                f"snapshot {path.stem[:12]} has no columns {', '.join(lacking)}; it has "
                f"{', '.join(have)}"
            )
        table = file.read(columns=list(columns) if columns is not None else None)
    frame: pd.DataFrame = table.to_pandas()
    return frame if columns is None else frame[list(columns)]


def lineage_of(uri: str) -> list[dict[str, Any]]:
    """Return where a snapshot came from, an entry for each time it was delivered."""
    beside = _beside(Path(uri))
    if not beside.exists():
        raise SourceError(f"no snapshot {uri}: no lineage stands beside it")
    entries: list[dict[str, Any]] = json.loads(beside.read_text(encoding="utf-8"))
    return entries


def _fetch(path: Path) -> None:
    """Restore a file from DVC's cache or remote, by the pointer beside it."""
    root = next((p for p in path.parents if (p / ".dvc").is_dir()), None)
    if root is None or not _pointer(path).exists():
        raise SourceError(
            f"no snapshot {path}, and no pointer to it; see the lineage of the version, "
            "or ingest again"
        )
    with exclusive(root):
        if not path.exists():
            DvcRepository(root).pull(path)


def _beside(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".parquet") + _LINEAGE)


def _pointer(path: Path) -> Path:
    return path.with_name(path.name + ".dvc")


def _as_of(lineage: Mapping[str, Any]) -> datetime | None:
    moment = lineage.get("as_of")
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is None or isinstance(moment, datetime):
        return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
    raise ConfigError(f"the lineage's as_of is {moment!r}; give a datetime or ISO 8601")


def _plain(lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lineage as JSON will give it back."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(lineage), default=_json))
    return plain


def _json(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.isoformat() if isinstance(value, datetime) else str(value)
