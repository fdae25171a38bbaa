"""Cheap features of the candidates of one query, in the order that weights name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.parts.routing import Asked
from assay.retrieval.search.fusion import convex_combination, top
from assay.retrieval.search.overlap import word_features
from assay.retrieval.words.tokens import terms

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

FEATURES = (
    "dense",
    "dense_relative",
    "dense_feedback",
    "dense_title",
    "lexical_relative",
    "lexical_share",
    "lexical_document",
    "lexical_title",
    "lexical_feedback",
    "coverage",
    "coverage_document",
    "coverage_sentence",
    "coverage_title",
    "pairs",
    "numbers",
    "filing",
    "length",
    "company",
    "year",
    "period",
)
DENSE_SHARE = 0.35
DOCUMENT_WEIGHT = 0.3
N_FEEDBACK = 3
N_EXPANSIONS = 15


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one query brings up, before it is ranked.

    Attributes
    ----------
    rows : ndarray of shape (n_candidates,)
        Rows of the passages, best of the first stage first.
    features : ndarray of shape (n_candidates, len(FEATURES))
        One column a name in `FEATURES`.
    asked : Asked
        Companies, years and periods that the query names.
    query_terms : tuple of str
        Its terms, each once, in order.
    seen_share : float
        Share of the terms' inverse document frequency that the index knows at all.
    """

    rows: Rows
    features: Floats
    asked: Asked
    query_terms: tuple[str, ...]
    seen_share: float


def candidates(
    parts: SearchParts,
    question: str,
    vector: Floats,
    *,
    allowed: NDArray[np.bool_] | None = None,
    n_candidates: int = 60,
) -> Candidates:
    """Return the first stage's best passages with their features.

    Parameters
    ----------
    parts : SearchParts
        The index.
    question : str
        The query as asked.
    vector : ndarray of shape (n_dimensions,)
        Its unit vector.
    allowed : ndarray of bool of shape (n_passages,), optional
        Passages that the filters let through; None lets all through.
    n_candidates : int
        At most so many passages.
    """
    asked = parts.gazetteer.asked(question)
    in_order = terms(question)
    distinct = tuple(dict.fromkeys(in_order))
    idf = np.array([parts.lexical.idf(term) for term in distinct], dtype=np.float32)
    dense = parts.vectors @ vector
    lexical = parts.lexical.scores(distinct)
    of_document = parts.lexical_documents.scores(distinct)
    routed = routed_passages(parts, asked)
    first = convex_combination(dense, lexical, dense_share=DENSE_SHARE)
    first += DOCUMENT_WEIGHT * _relative(of_document)[parts.document_of] + routed
    if allowed is not None:
        first = np.where(allowed, first, -np.inf)
        n_candidates = min(n_candidates, int(allowed.sum()))
    rows = top(first, n_candidates)
    document_of = parts.document_of[rows]
    columns: dict[str, NDArray[Any]] = {
        **_dense_features(parts, vector, dense, rows),
        **_lexical_features(parts, distinct, idf, lexical, rows),
        "lexical_document": _relative(of_document)[document_of],
        "filing": _filing_scores(parts, lexical, rows),
        "length": np.log1p(np.diff(parts.places.passage_starts)[rows]) / 5,
        "company": routed[rows],
        **_period_features(parts, asked, document_of),
        **word_features(parts, rows, in_order, distinct, idf),
    }
    return Candidates(
        rows=rows,
        features=_stacked(columns),
        asked=asked,
        query_terms=distinct,
        seen_share=_seen_share(parts, distinct, idf),
    )


def routed_passages(parts: SearchParts, asked: Asked) -> Floats:
    """Return 1 for passages of a company that the question names, else 0."""
    if not asked.companies:
        return np.zeros(len(parts.passages), dtype=np.float32)
    named = [m.company in asked.companies for m in parts.document_metadata]
    return np.asarray(named, dtype=np.float32)[parts.document_of]


def _relative(scores: Floats) -> Floats:
    return np.asarray(scores / max(float(scores.max(initial=0.0)), 1e-6))


def _stacked(columns: dict[str, NDArray[Any]]) -> Floats:
    stacked = np.stack([columns[name] for name in FEATURES], axis=1)
    return stacked.astype(np.float32)


def _seen_share(parts: SearchParts, distinct: tuple[str, ...], idf: Floats) -> float:
    if not distinct:
        return 0.0
    seen = np.array([term in parts.lexical.vocabulary for term in distinct], dtype=bool)
    return float(idf[seen].sum() / _ideal(idf))


def _ideal(idf: Floats) -> float:
    return max(float(idf.sum()), 1e-6)


def _dense_features(
    parts: SearchParts, vector: Floats, dense: Floats, rows: Rows
) -> dict[str, Floats]:
    moved = _feedback_vector(parts, rows[:N_FEEDBACK], vector)
    return {
        "dense": dense[rows],
        "dense_relative": dense[rows] - dense.max(),
        "dense_feedback": parts.vectors[rows] @ moved,
        "dense_title": _title_cosines(parts, vector)[parts.document_of[rows]],
    }


def _lexical_features(
    parts: SearchParts,
    distinct: tuple[str, ...],
    idf: Floats,
    lexical: Floats,
    rows: Rows,
) -> dict[str, Floats]:
    ideal, document_of = _ideal(idf), parts.document_of[rows]
    weights = _feedback_terms(parts, rows[:N_FEEDBACK], distinct, idf)
    return {
        "lexical_relative": _relative(lexical)[rows],
        "lexical_share": lexical[rows] / ideal,
        "lexical_title": parts.lexical_titles.scores(distinct)[document_of] / ideal,
        "lexical_feedback": _relative(parts.lexical.scores_of_rows(weights))[rows],
    }


def _title_cosines(parts: SearchParts, vector: Floats) -> Floats:
    if parts.title_vectors.shape[1] != vector.size:
        return np.zeros(len(parts.document_ids), dtype=np.float32)
    return np.asarray(parts.title_vectors @ vector)


def _feedback_vector(parts: SearchParts, seeds: Rows, vector: Floats) -> Floats:
    moved = vector + np.float32(0.4) * parts.vectors[seeds].mean(axis=0)
    return np.asarray(moved / max(float(np.linalg.norm(moved)), 1e-6))


def _feedback_terms(
    parts: SearchParts, seeds: Rows, distinct: tuple[str, ...], idf: Floats
) -> dict[int, float]:
    starts = parts.places.passage_starts
    found = np.concatenate([parts.places.terms[starts[s] : starts[s + 1]] for s in seeds])
    rows, counts = np.unique(found, return_counts=True)
    vocabulary = parts.lexical
    n_with = (vocabulary.starts[rows + 1] - vocabulary.starts[rows]).astype(np.float64)
    gains = counts * np.log1p((vocabulary.n_texts - n_with + 0.5) / (n_with + 0.5))
    best = np.argsort(-gains, kind="stable")[:N_EXPANSIONS]
    total = max(float(gains[best].sum()), 1e-6)
    weights = {int(rows[i]): 0.5 * float(gains[i]) / total for i in best}
    own = max(float(idf.sum()), 1e-6)
    for term, gain in zip(distinct, idf, strict=True):
        row = vocabulary.vocabulary.get(term)
        if row is not None:
            weights[row] = weights.get(row, 0.0) + 0.5 * float(gain) / own
    return weights


def _filing_scores(parts: SearchParts, lexical: Floats, rows: Rows) -> Floats:
    best = np.zeros(int(parts.filing_of.max()) + 1, dtype=np.float32)
    np.maximum.at(best, parts.filing_of, lexical)
    total = np.bincount(parts.filing_of, weights=lexical, minlength=best.size)
    n_passages = np.bincount(parts.filing_of, minlength=best.size)
    mean = np.asarray(total / np.maximum(n_passages, 1), dtype=np.float32)
    mixed = (_relative(best) + _relative(mean)) / 2
    return np.asarray(mixed[parts.filing_of[rows]], dtype=np.float32)


def _period_features(
    parts: SearchParts, asked: Asked, document_of: NDArray[np.int32]
) -> dict[str, Floats]:
    years = np.zeros(document_of.size, dtype=np.float32)
    periods = np.zeros(document_of.size, dtype=np.float32)
    for at, document in enumerate(document_of):
        metadata = parts.document_metadata[document]
        year = metadata.fiscal_year
        if year is not None and asked.years:
            latest = max(asked.years)
            years[at] = 1.0 if year == latest else 0.5 if year in asked.years else 0.0
        periods[at] = float(metadata.period in asked.periods)
    return {"year": years, "period": periods}
