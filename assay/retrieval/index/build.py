"""A version of an index out of documents: only what changed is encoded."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError, DataError
from assay.retrieval.documents import Corpus
from assay.retrieval.index.comparison import (
    Unchanged,
    changes_between,
    distinct,
    unchanged_parts,
)
from assay.retrieval.index.disk import file_digest, sync_folder, text_digest, write_whole
from assay.retrieval.index.embeddings import EmbeddingCache
from assay.retrieval.index.manifest import (
    FORMAT,
    MANIFEST,
    DocumentEntry,
    IndexManifest,
    manifest_bytes,
    verified_manifest,
)
from assay.retrieval.parts import (
    Encode,
    assembled,
    index_text,
    title_vectors,
)
from assay.retrieval.parts.folder import save_parts
from assay.retrieval.parts.passages import PassageRules
from assay.retrieval.search import Defaults, shipped_defaults, stored_form
from assay.retrieval.types import Document, Passage

Floats = NDArray[np.float32]
Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Encoding:
    """What makes the vectors.

    Attributes
    ----------
    name : str
        Changes whenever the vectors would; a file name.
    encode : callable
        Texts to unit vectors of shape (n_texts, n_dimensions).
    """

    name: str
    encode: Encode


@dataclass(frozen=True, slots=True)
class Built:
    """A version that was built, and how it differs from the one before.

    Attributes
    ----------
    manifest : IndexManifest
        Of the version.
    folder : Path
        Where it stands.
    n_encoded : int
        Texts that had to be encoded; the others' vectors were kept.
    changes : mapping of str to tuple of str
        Documents ``added``, ``changed``, ``removed``, ``renamed`` (their new names) and
        ``described`` anew (metadata or title only).
    """

    manifest: IndexManifest
    folder: Path
    n_encoded: int
    changes: Mapping[str, tuple[str, ...]]


def build_version(
    root: Path,
    corpus: Corpus,
    encoding: Encoding,
    *,
    before: IndexManifest | None = None,
    rules: PassageRules | None = None,
    defaults: Defaults | None = None,
    tell: Tell = lambda _stage, _share: None,
) -> Built:
    """Build a version beside those there are; the current one is not touched.

    The version appears under ``root/versions`` whole, by one rename. The same inputs
    give the same version, which is then not built again.

    Parameters
    ----------
    root : Path
        Folder of the index.
    corpus : Corpus
        All documents that the version is to hold, not only the new ones.
    encoding : Encoding
        Makes the vectors.
    before : IndexManifest, optional
        Version to name the differences from; what it knows of unchanged documents is
        taken over.
    tell : callable
        Called with a stage and the share of it that is done; what it raises ends the
        build.

    Raises
    ------
    DataError
        If the documents repeat an id or have no text.
    """
    rules, defaults = rules or PassageRules(), defaults or shipped_defaults()
    tell("compare", 0.0)
    kept, entries, duplicates = distinct(corpus.documents)
    changes = changes_between(before.documents if before else {}, entries)
    version = _version_of(entries, duplicates, encoding.name, rules, defaults)
    folder = root / "versions" / version
    tell("compare", 1.0)
    if standing := standing_version(folder):
        return Built(standing, folder, 0, changes)
    with building_folder(root) as building:
        old = unchanged_parts(root, before, entries, rules)
        found = _write_parts(building, root, kept, old, encoding, rules, tell)
        _write_weights(building, defaults)
        manifest = IndexManifest(
            version=version,
            encoder=encoding.name,
            n_documents=len(kept),
            n_passages=found.n_passages,
            n_dimensions=found.n_dimensions,
            documents=entries,
            duplicates=duplicates,
            masked=dict(corpus.masked),
            rules=asdict(rules),
            files=_digests(building),
        )
        seal(building, folder, manifest, tell)
    return Built(manifest, folder, found.n_encoded, changes)


@dataclass(frozen=True, slots=True)
class _Written:
    n_passages: int
    n_dimensions: int
    n_encoded: int


def _cut(
    documents: Sequence[Document], old: Unchanged, rules: PassageRules
) -> list[Passage]:
    passages = [p for one in documents for p in old.passages_of(one, rules)]
    if not passages:
        raise DataError(f"none of the {len(documents)} documents has text to index")
    return passages


def _write_parts(
    building: Path,
    root: Path,
    documents: Sequence[Document],
    old: Unchanged,
    encoding: Encoding,
    rules: PassageRules,
    tell: Tell,
) -> _Written:
    tell("cut", 0.0)
    passages = _cut(documents, old, rules)
    tell("cut", 1.0)
    cache = EmbeddingCache(root / "embeddings" / encoding.name)
    n_encoded = 0

    def kept(texts: Sequence[str]) -> Floats:
        nonlocal n_encoded
        vectors, n_new = cache.encoded(
            texts, encoding.encode, lambda share: tell("encode", share)
        )
        n_encoded += n_new
        return vectors

    tell("encode", 0.0)
    texts = [index_text(passage) for passage in passages]
    vectors = kept(texts)
    titles = title_vectors(documents, kept)
    tell("assemble", 0.0)
    same = frozenset(old.passages)
    parts = assembled(
        documents, passages, vectors, titles, before=old.parts, unchanged=same
    )
    tell("write", 0.0)
    save_parts(parts, building / "parts")
    _write_texts(building, documents)
    cache.compact()
    tell("write", 1.0)
    return _Written(len(passages), int(vectors.shape[1]), n_encoded)


def _write_texts(building: Path, documents: Sequence[Document]) -> None:
    lines = (
        json.dumps({"document_id": d.document_id, "title": d.title, "text": d.text})
        for d in documents
    )
    write_whole(building / "texts.jsonl", "\n".join(lines).encode())


def _version_of(
    entries: Mapping[str, DocumentEntry],
    duplicates: Mapping[str, tuple[str, ...]],
    encoder: str,
    rules: PassageRules,
    defaults: Defaults,
) -> str:
    inputs = {
        "format": FORMAT,
        "documents": {name: asdict(entry) for name, entry in entries.items()},
        "duplicates": duplicates,
        "encoder": encoder,
        "rules": asdict(rules),
        "weights": stored_form(defaults),
    }
    return text_digest(json.dumps(inputs, sort_keys=True))[:16]


def _write_weights(building: Path, defaults: Defaults) -> None:
    write_whole(building / "weights.json", json.dumps(stored_form(defaults)).encode())


def standing_version(folder: Path) -> IndexManifest | None:
    """Return the manifest of a version that is there whole; a broken one is removed."""
    if not folder.exists():
        return None
    try:
        return verified_manifest(folder)
    except BundleError:
        shutil.rmtree(folder)  # broken, so it can serve nobody
        return None


def seal(
    building: Path,
    folder: Path,
    manifest: IndexManifest,
    tell: Tell = lambda _stage, _share: None,
) -> None:
    """Write the manifest of a complete version and put the version in its place."""
    tell("seal", 0.0)
    write_whole(building / MANIFEST, manifest_bytes(manifest))
    tell("seal", 0.5)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building.rename(folder)
    sync_folder(folder.parent)
    tell("seal", 1.0)


@contextmanager
def building_folder(root: Path) -> Iterator[Path]:
    """Give a folder to build in, which is gone afterwards unless it was renamed."""
    parent = root / "building"
    parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield building
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
