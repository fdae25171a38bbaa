"""The parts of an index in a folder: written whole, read with their agreement checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.errors import BundleError
from assay.retrieval.parts.assembly import Places, SearchParts
from assay.retrieval.parts.lexical import read_lexical_index
from assay.retrieval.parts.nearest import Nearest
from assay.retrieval.parts.routing import build_gazetteer
from assay.retrieval.types import Metadata, Passage

_ARRAYS = ("document_of", "filing_of", "title_vectors")
_VECTORS = "vectors.faiss"
_LEXICAL = ("lexical", "lexical_documents", "lexical_titles")


def save_parts(parts: SearchParts, folder: Path) -> None:
    """Write the parts of an index to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(parts, name))
    parts.vectors.save(folder / _VECTORS)
    for name in _LEXICAL:
        getattr(parts, name).save(folder / f"{name}.npz")
    places = parts.places
    np.savez(
        folder / "places.npz",
        **{name: getattr(places, name) for name in Places.__slots__},
    )
    rows = [
        {"document_id": document_id, "metadata": _metadata_form(metadata)}
        for document_id, metadata in zip(
            parts.document_ids, parts.document_metadata, strict=True
        )
    ]
    _write_lines(folder / "documents.jsonl", rows)
    _write_lines(
        folder / "passages.jsonl",
        [
            {
                name: getattr(passage, name)
                for name in Passage.__slots__
                if name != "metadata"
            }
            for passage in parts.passages
        ],
    )


def read_parts(folder: Path) -> SearchParts:
    """Read the parts that `save_parts` wrote; vectors stay on disk until used.

    Raises
    ------
    BundleError
        If a file is missing or the parts disagree about the number of passages.
    """
    try:
        documents = _read_lines(folder / "documents.jsonl")
        stored = _read_lines(folder / "passages.jsonl")
        arrays = {
            # As a plain array: each step with numpy's memmap costs a microsecond more.
            name: np.asarray(
                np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            )
            for name in _ARRAYS
        }
        with np.load(folder / "places.npz", allow_pickle=False) as found:
            places = Places(**{name: found[name] for name in Places.__slots__})
    except (OSError, ValueError, KeyError) as error:
        raise BundleError(f"index in {folder.name} cannot be read: {error}") from error
    vectors = Nearest.read(folder / _VECTORS)
    lengths = {len(stored), len(vectors), len(arrays["document_of"])}
    if len(lengths) > 1 or places.passage_starts.size != len(stored) + 1:
        raise BundleError(
            f"index in {folder.name} disagrees with itself: {sorted(lengths)} passages; "
            "build it again"
        )
    metadata = tuple(_metadata(one["metadata"]) for one in documents)
    by_id = {one["document_id"]: m for one, m in zip(documents, metadata, strict=True)}
    return SearchParts(
        passages=tuple(_passage(one, by_id[one["document_id"]]) for one in stored),
        document_ids=tuple(by_id),
        document_metadata=metadata,
        places=places,
        gazetteer=build_gazetteer(m.company for m in metadata),
        lexical=read_lexical_index(folder / "lexical.npz"),
        lexical_documents=read_lexical_index(folder / "lexical_documents.npz"),
        lexical_titles=read_lexical_index(folder / "lexical_titles.npz"),
        vectors=vectors,
        **arrays,
    )


def _metadata_form(metadata: Metadata) -> dict[str, Any]:
    return {
        name: getattr(metadata, name) for name in Metadata.__slots__ if name != "extra"
    } | {"extra": dict(metadata.extra)}


def _passage(stored: Mapping[str, Any], metadata: Metadata) -> Passage:
    starts = tuple(stored["page_starts"])
    return Passage(**{**stored, "page_starts": starts}, metadata=metadata)


def _metadata(stored: Mapping[str, Any]) -> Metadata:
    return Metadata(**{**stored, "extra": dict(stored["extra"])})


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a passage may hold separators that only Python counts as lines.
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
