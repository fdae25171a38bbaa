"""Read the reference sets, and keep vectors between runs in a cache folder."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import Encode
from assay.retrieval.types import Document, Metadata
from assay.retrieval.vectors.dense import read_encoder
from assay.retrieval.vectors.export import export_encoder

SETS = ("financebenchA", "tatqaA", "convfinqaA", "squadA", "ectA", "scifact")


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """One set: documents, queries with gold documents, questions for the gate."""

    name: str
    documents: tuple[Document, ...]
    queries: dict[str, str]
    gold: dict[str, frozenset[str]]
    answers: dict[str, tuple[str, ...]]
    gate: tuple[tuple[str, str, bool], ...]


def reference_folder() -> Path:
    """Return where the reference sets lie: the environment's, or beside the checkout."""
    named = os.environ.get("ASSAY_SHARED_REFERENCE")
    beside = Path(__file__).resolve().parents[3] / "shared" / "reference"
    return (Path(named) if named else beside) / "retrieval"


def read_set(name: str, folder: Path | None = None) -> ReferenceSet:
    """Return a reference set by name."""
    folder = folder or reference_folder()
    with gzip.open(folder / name / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        documents = tuple(_document(json.loads(line)) for line in lines)
    queries = [json.loads(line) for line in _lines(folder / name / "queries.jsonl")]
    gold: dict[str, set[str]] = {}
    for line in _lines(folder / name / "qrels.tsv")[1:]:
        query, document, grade = line.split("\t")
        if float(grade) > 0:
            gold.setdefault(query, set()).add(document)
    gate = [json.loads(line) for line in _lines(folder / "gate" / "gate.jsonl")]
    return ReferenceSet(
        name=name,
        documents=documents,
        queries={one["_id"]: one["text"] for one in queries if one["_id"] in gold},
        gold={query: frozenset(found) for query, found in gold.items()},
        answers={one["_id"]: _span_answers(one["metadata"]) for one in queries},
        gate=tuple(
            (one["text"], one["kind"], bool(one["label"]))
            for one in gate
            if one["index"] == name
        ),
    )


class CachedEncoder:
    """An encoder that asks another one only for texts that it has not seen."""

    def __init__(self, encode: Encode, folder: Path, route: str) -> None:
        self.encode, self.file = encode, folder / f"vectors-{route}.npz"
        self.known: dict[str, NDArray[np.float32]] = {}
        if self.file.exists():
            with np.load(self.file, allow_pickle=False) as stored:
                self.known = dict(
                    zip(stored["keys"].tolist(), stored["vectors"], strict=True)
                )

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (n_texts, n_dimensions)."""
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self.known}
        if new:
            vectors = self.encode(list(new.values()))
            self.known.update(zip(new, vectors, strict=True))
            self.file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(
                self.file,
                keys=np.array(list(self.known)),
                vectors=np.stack(list(self.known.values())),
            )
        return np.stack([self.known[key] for key in keys])


def cached_encoder(folder: Path) -> CachedEncoder:
    """Return the shipped encoder, exported to a cache folder, with the vectors there."""
    exported = folder / "encoder"
    if not (exported / "encoder.json").is_file():
        export_encoder(exported)
    return CachedEncoder(read_encoder(exported), folder, "int8")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def _document(stored: dict) -> Document:
    about = stored["metadata"]
    return Document(
        stored["_id"],
        stored["title"],
        stored["text"],
        Metadata(
            company=about.get("company", about.get("ticker", "")),
            form=about.get("doc_type", ""),
            fiscal_year=int(about["year"]) if about.get("year") else None,
            period=str(about.get("quarter", "")).upper(),
            filing=about.get("doc", ""),
        ),
    )


def _span_answers(about: dict) -> tuple[str, ...]:
    if about.get("answer_type", "span") != "span":
        return ()
    found = about.get("answers", about.get("answer", ()))
    found = [found] if isinstance(found, str) else found
    return tuple(one for one in found if isinstance(one, str))
