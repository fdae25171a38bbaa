"""What differs between two versions, and what need not be done again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assay.errors import BundleError, DataError
from assay.retrieval.index.disk import text_digest
from assay.retrieval.index.manifest import DocumentEntry, IndexManifest, verified_manifest
from assay.retrieval.parts import SearchParts
from assay.retrieval.parts.folder import read_parts
from assay.retrieval.parts.passages import PassageRules, cut_passages
from assay.retrieval.types import Document, Metadata, Passage


def changes_between(
    before: Mapping[str, DocumentEntry], after: Mapping[str, DocumentEntry]
) -> dict[str, tuple[str, ...]]:
    """Return which documents differ between two versions, and how."""
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    contents_gone = {before[name].content for name in gone}
    renamed = {name for name in new if after[name].content in contents_gone}
    arrived = {after[name].content for name in renamed}
    both = before.keys() & after.keys()
    changed = {name for name in both if before[name].content != after[name].content}
    described = {
        name for name in both - changed if before[name].about != after[name].about
    }
    named = {
        "added": new - renamed,
        "changed": changed,
        "removed": {name for name in gone if before[name].content not in arrived},
        "renamed": renamed,
        "described": described,
    }
    return {kind: tuple(sorted(names)) for kind, names in named.items()}


def distinct(
    documents: Sequence[Document],
) -> tuple[list[Document], dict[str, DocumentEntry], dict[str, tuple[str, ...]]]:
    """Return documents each once, their digests, and which equal another.

    Raises
    ------
    DataError
        If an id occurs twice.
    """
    ids = [document.document_id for document in documents]
    if len(set(ids)) < len(ids):
        raise DataError(f"{len(ids) - len(set(ids))} documents repeat another's id")
    kept: list[Document] = []
    entries: dict[str, DocumentEntry] = {}
    first: dict[DocumentEntry, str] = {}
    duplicates: dict[str, tuple[str, ...]] = {}
    for document in sorted(documents, key=lambda each: each.document_id):
        entry = DocumentEntry(
            text_digest(document.text, repr(document.pages)),
            text_digest(document.title, _about(document.metadata)),
        )
        if entry in first:
            original = first[entry]
            duplicates[original] = (*duplicates.get(original, ()), document.document_id)
            continue
        first[entry] = document.document_id
        entries[document.document_id] = entry
        kept.append(document)
    return kept, entries, duplicates


def _about(metadata: Metadata) -> str:
    stated = {n: getattr(metadata, n) for n in Metadata.__slots__ if n != "source"}
    return json.dumps({**stated, "extra": dict(metadata.extra)}, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What an earlier version knows of documents that did not change.

    Attributes
    ----------
    parts : SearchParts or None
        Of the earlier version.
    passages : mapping of str to sequence of Passage
        Of the documents that did not change.
    """

    parts: SearchParts | None
    passages: Mapping[str, Sequence[Passage]]

    def passages_of(self, document: Document, rules: PassageRules) -> Sequence[Passage]:
        """Return a document's passages, cut anew only where it changed."""
        found = self.passages.get(document.document_id)
        if found is None:
            return cut_passages(document, rules)
        # The place of its file is no part of the comparison and may have moved.
        return [replace(passage, metadata=document.metadata) for passage in found]


def unchanged_parts(
    root: Path,
    before: IndexManifest | None,
    entries: Mapping[str, DocumentEntry],
    rules: PassageRules,
) -> Unchanged:
    """Return what a sound earlier version, cut by the same rules, already knows."""
    if before is None or before.rules != asdict(rules):
        return Unchanged(None, {})
    try:
        folder = root / "versions" / before.version
        manifest = verified_manifest(folder)
        parts = read_parts(folder / "parts")
    except BundleError:
        return Unchanged(None, {})
    same = {n for n, entry in entries.items() if manifest.documents.get(n) == entry}
    passages: dict[str, list[Passage]] = {name: [] for name in same}
    for passage in parts.passages:
        if passage.document_id in same:
            passages[passage.document_id].append(passage)
    return Unchanged(parts, passages)
