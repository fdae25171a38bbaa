"""Questions asked of an index without their documents: near, and without an answer.

Each question is asked twice, of an index that holds its documents and of one that does
not. What it is about and how it is put are the same, so that a gate can learn nothing
from them but what an answer looks like.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts, build_parts
from assay.retrieval.search.evidence import gate_features
from assay.retrieval.search.features import candidates
from assay.retrieval.search.reranker import Reranker
from assay.retrieval.types import Document
from benchmarks.retrieval.reference_sets import CachedEncoder, ReferenceSet

N_QUESTIONS, N_FOLDS = 450, 3


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Gate features of questions with and without their documents, row by row."""

    features: NDArray[np.float64]
    answerable: NDArray[np.bool_]
    questions: NDArray[np.str_]
    weight: NDArray[np.float64]


def _company(document: Document) -> str:
    about = document.metadata
    return about.company or about.filing or document.title or document.document_id


def held_out(
    reference: ReferenceSet, reranker: Reranker, encode: CachedEncoder
) -> HeldOut:
    """Ask a set's questions with and without the third that their documents are in.

    The thirds are cut twice: by document, where others of the same company stay, and by
    company. The four cells have the same weight.
    """
    rng = np.random.default_rng(0)
    order = rng.permutation(list(reference.queries))[:N_QUESTIONS]
    rows, answerable, texts, cells = [], [], [], []
    keys: tuple[Callable[[Document], str], ...] = (lambda d: d.document_id, _company)
    for cut, key in enumerate(keys):
        for gone in _thirds(reference.documents, key):
            rest = [d for d in reference.documents if d.document_id not in gone]
            without = [q for q in order if reference.gold[q] <= gone]
            present = [q for q in order if not reference.gold[q] & gone]
            if not rest or not without or not present:
                continue
            parts = build_parts(rest, encode)
            asked = [*present[: len(without)], *without]
            rows += _rows(parts, [reference.queries[q] for q in asked], reranker, encode)
            answerable += [q not in set(without) for q in asked]
            texts += [reference.queries[q] for q in asked]
            cells += [2 * cut + (q in set(without)) for q in asked]
    count = np.bincount(cells)
    return HeldOut(
        features=np.array(rows),
        answerable=np.array(answerable, dtype=bool),
        questions=np.array(texts),
        weight=1 / count[cells],
    )


def _thirds(
    documents: Sequence[Document], key: Callable[[Document], str]
) -> Iterator[frozenset[str]]:
    third = {
        d.document_id: int(hashlib.sha256(key(d).encode()).hexdigest(), 16) % N_FOLDS
        for d in documents
    }
    for fold in range(N_FOLDS):
        yield frozenset(name for name, of in third.items() if of == fold)


def _rows(
    parts: SearchParts,
    questions: Sequence[str],
    reranker: Reranker,
    encode: CachedEncoder,
) -> list[NDArray[np.float64]]:
    found = []
    for text, vector in zip(questions, encode(questions), strict=True):
        candidate = candidates(parts, text, vector)
        scores = reranker.scores(candidate.features)
        order = np.argsort(-scores, kind="stable")
        found.append(gate_features(candidate, list(order), scores))
    return found
