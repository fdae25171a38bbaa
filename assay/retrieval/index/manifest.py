"""What a version of an index is made of, and the proof that it is still so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from assay.errors import BundleError
from assay.retrieval.index.disk import file_digest

FORMAT = 5
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """Digests of one document in a version.

    Attributes
    ----------
    content : str
        Digest of its text and pages.
    about : str
        Digest of its title and metadata, the place of its file left out.
    """

    content: str
    about: str


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """Provenance of a version.

    Attributes
    ----------
    version : str
        Digest of all that the version was built from.
    encoder : str
        Name of what made the vectors; queries must be encoded by the same.
    n_documents, n_passages, n_dimensions : int
        Size of the index.
    documents : mapping of str to DocumentEntry
        By document id.
    duplicates : mapping of str to tuple of str
        Documents that are not stored because they equal the one named.
    masked : mapping of str to int
        How much personal data was masked when the documents were read.
    rules : mapping of str to int
        How documents were cut.
    files : mapping of str to str
        Digest of every other file of the version.
    """

    version: str
    encoder: str
    n_documents: int
    n_passages: int
    n_dimensions: int
    documents: Mapping[str, DocumentEntry]
    duplicates: Mapping[str, tuple[str, ...]]
    masked: Mapping[str, int]
    rules: Mapping[str, int]
    files: Mapping[str, str]


def manifest_bytes(manifest: IndexManifest) -> bytes:
    """Return a manifest as the bytes of its file."""
    stored = {"format": FORMAT, **asdict(manifest)}
    return json.dumps(stored, sort_keys=True, ensure_ascii=False, indent=1).encode()


def read_manifest(folder: Path) -> IndexManifest:
    """Read a version's manifest, without looking at the other files.

    Raises
    ------
    BundleError
        If it is absent, broken, or of another format.
    """
    try:
        stored = json.loads((folder / MANIFEST).read_bytes())
        found_format = stored.pop("format")
        documents = {k: DocumentEntry(**v) for k, v in stored.pop("documents").items()}
        duplicates = {k: tuple(v) for k, v in stored.pop("duplicates").items()}
        manifest = IndexManifest(documents=documents, duplicates=duplicates, **stored)
    except OSError as error:
        raise BundleError(
            f"index version {folder.name} has no manifest; it was not built to its end"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"manifest of index {folder.name} is broken: {error}"
        ) from error
    if found_format != FORMAT:
        raise BundleError(
            f"index {folder.name} has format {found_format}, not {FORMAT}; build it again"
        )
    return manifest


def verified_manifest(folder: Path) -> IndexManifest:
    """Return a version's manifest after every byte of the version was checked.

    Raises
    ------
    BundleError
        If a file is absent, altered or not in the manifest, or the folder bears
        another version's name.
    """
    manifest = read_manifest(folder)
    if manifest.version != folder.name:
        raise BundleError(f"index {folder.name} holds version {manifest.version}")
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    } - {MANIFEST}
    if present != set(manifest.files):
        odd = ", ".join(sorted(present ^ set(manifest.files)))
        raise BundleError(f"index {folder.name} lacks or has too many of: {odd}")
    for name, digest in manifest.files.items():
        if file_digest(folder / name) != digest:
            raise BundleError(
                f"{name} of index {folder.name} was altered; build or fetch it again"
            )
    return manifest


def manifest_digest(folder: Path) -> str:
    """Return the digest of a version's manifest file."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
