"""Write a bundle in one step, read it with every digest checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from assay.bundle.manifest import Manifest
from assay.contract.model import Contract
from assay.contract.reading import read_contract
from assay.errors import BundleError, ContractError

MANIFEST = "manifest.json"
GRAPH = "model.onnx"
CONTRACT = "contract.toml"
GOLDEN = "golden.json"
REQUIRED = (GRAPH, CONTRACT, GOLDEN)


class Golden(BaseModel):
    """Rows with the probabilities that the graph gave when the version was made.

    Attributes
    ----------
    rows : tuple of mapping
        Features by name; None is missing.
    probabilities : tuple of float
        One a row, exact: JSON keeps the shortest text that reads back the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rows: tuple[dict[str, float | int | str | bool | None], ...]
    probabilities: tuple[float, ...]

    @model_validator(mode="after")
    def _lengths_agree(self) -> Golden:
        if not self.rows or len(self.rows) != len(self.probabilities):
            raise ValueError(
                f"{len(self.rows)} golden rows and {len(self.probabilities)} "
                "probabilities; there must be as many, and at least one"
            )
        return self


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bundle is written from.

    Attributes
    ----------
    manifest : Manifest
        With `files` empty; writing fills it.
    graph : bytes
        The ONNX model.
    contract_text : str
        The contract's TOML.
    golden : Golden
        Golden rows.
    documents : mapping of str to bytes
        Further files by plain name, such as ``card.md``.
    """

    manifest: Manifest
    graph: bytes
    contract_text: str
    golden: Golden
    documents: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read and found whole.

    `documents` holds its further files by name, such as ``card.md``; `let_go` names those
    of them that are read again where they are asked for.
    """

    folder: Path
    digest: str
    manifest: Manifest
    contract: Contract
    golden: Golden
    graph: bytes
    documents: Mapping[str, bytes]
    let_go: frozenset[str] = frozenset()

    def document(self, name: str) -> bytes | None:
        """Return a further file, None where there is none by that name.

        Raises
        ------
        BundleError
            If it was let go and is gone since, or was altered.
        """
        if name not in self.let_go:
            return self.documents.get(name)
        content = _bytes_of(self.folder / name)
        if _sha256(content) != self.manifest.files[name]:
            raise BundleError(
                f"{name} in {self.folder} was altered; fetch it again from the registry"
            )
        return content

    def without(self, name: str) -> Self:
        """Return the bundle with a further file let go, where it has one of that name.

        A service that has made of it what it needs does not keep its bytes.
        """
        if name not in self.documents:
            return self
        held = {key: content for key, content in self.documents.items() if key != name}
        return replace(self, documents=held, let_go=self.let_go | {name})


def write_bundle(folder: Path, parts: Parts) -> str:
    """Write a bundle and return its digest, 64 hexadecimal digits.

    The folder appears whole or not at all. The same parts give the same digest.

    Raises
    ------
    BundleError
        If the folder exists, or a part's name is not a plain file name.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists; a bundle is never written over")
    contents = {
        GRAPH: parts.graph,
        CONTRACT: parts.contract_text.encode(),
        GOLDEN: _canonical(parts.golden.model_dump()),
        **parts.documents,
    }
    odd = [name for name in contents if Path(name).name != name or name == MANIFEST]
    if odd:
        raise BundleError(f"not plain names for a bundle's files: {', '.join(odd)}")
    files = {name: _sha256(content) for name, content in contents.items()}
    manifest = _canonical(parts.manifest.model_copy(update={"files": files}).model_dump())
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".bundle-", dir=folder.parent))
    try:
        for name, content in {**contents, MANIFEST: manifest}.items():
            (unfinished / name).write_bytes(content)
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return _sha256(manifest)


def read_bundle(folder: Path, digest: str | None = None) -> Bundle:
    """Return the bundle in `folder` after every byte of it was checked.

    Parameters
    ----------
    folder : Path
        Where `write_bundle` wrote, or a copy.
    digest : str, optional
        The digest that is expected, from the registry.

    Raises
    ------
    BundleError
        If a file is missing, unknown or altered, the manifest or contract does not
        validate, or the digest is another.
    """
    raw = _bytes_of(folder / MANIFEST)
    found = _sha256(raw)
    if digest is not None and found != digest:
        raise BundleError(
            f"bundle in {folder} has digest {found[:12]}, expected {digest[:12]}; it is "
            "another version or was altered"
        )
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise BundleError(f"manifest in {folder} is not valid: {error}") from error
    contents = _checked_files(folder, manifest)
    try:
        contract = read_contract(contents[CONTRACT].decode())
        golden = Golden.model_validate_json(contents[GOLDEN])
    except (ContractError, ValidationError, UnicodeDecodeError) as error:
        raise BundleError(f"bundle in {folder} does not read: {error}") from error
    _check_agreement(manifest, contract)
    documents = {name: contents[name] for name in contents if name not in REQUIRED}
    return Bundle(folder, found, manifest, contract, golden, contents[GRAPH], documents)


def _checked_files(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    absent = [name for name in REQUIRED if name not in manifest.files]
    if absent:
        raise BundleError(f"the manifest in {folder} does not list {', '.join(absent)}")
    odd = [name for name in manifest.files if Path(name).name != name]
    if odd:
        raise BundleError(f"the manifest in {folder} names paths: {', '.join(odd)}")
    contents = {name: _bytes_of(folder / name) for name in manifest.files}
    altered = [
        name
        for name, digest in manifest.files.items()
        if _sha256(contents[name]) != digest
    ]
    if altered:
        raise BundleError(
            f"{len(altered)} files of the bundle in {folder} were altered: "
            f"{', '.join(altered)}; fetch it again from the registry"
        )
    return contents


def _check_agreement(manifest: Manifest, contract: Contract) -> None:
    if contract.digest != manifest.contract_digest:
        raise BundleError(
            f"the contract has digest {contract.digest[:12]}, the manifest says "
            f"{manifest.contract_digest[:12]}; the bundle mixes two versions"
        )
    if contract.name != manifest.model_name:
        raise BundleError(
            f"the contract is about {contract.name!r}, the manifest about "
            f"{manifest.model_name!r}; the bundle mixes two models"
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _canonical(content: Any) -> bytes:  # noqa: ANN401 # whatever JSON holds
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()
