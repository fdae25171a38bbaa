"""Cheap features of the candidates of one query, in the order that weights name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.parts.lookup import PERIODS
from assay.retrieval.parts.routing import Asked
from assay.retrieval.search.fusion import convex_combination, top
from assay.retrieval.search.overlap import word_features
from assay.retrieval.search.query import Postings, Query, postings, read_query

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

_OWN = (
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
_RELATIVE = (
    "dense",
    "dense_title",
    "lexical_title",
    "coverage",
    "coverage_document",
    "coverage_sentence",
    "coverage_title",
    "pairs",
    "numbers",
    "filing",
)
FEATURES = (*_OWN, *(f"{name}_of_best" for name in _RELATIVE))
"""A feature's own value, and for some its share of the best among the candidates."""

_COMPARED = [_OWN.index(name) for name in _RELATIVE]
_ROUTED = ("company", "year", "period")
_NOTHING = np.float32(1e-6)
DENSE_SHARE = 0.42
DOCUMENT_WEIGHT = 0.3
N_NEAREST = 100
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
    query = read_query(parts, question)
    lexical = postings(parts.lexical, query.terms).scores()
    in_documents = postings(parts.lexical_documents, query.terms)
    of_document = _relative(in_documents.scores())
    first, best = _first_stage(parts, query, vector, lexical, allowed)
    first += DOCUMENT_WEIGHT * of_document[parts.document_of]
    if allowed is not None:
        first = np.where(allowed, first, -np.inf)
        n_candidates = min(n_candidates, int(allowed.sum()))
    rows = top(first, n_candidates)
    document_of = parts.document_of[rows]
    columns: dict[str, NDArray[Any]] = {
        **_dense_features(parts, vector, best, rows),
        **_lexical_features(parts, query, lexical, rows),
        **_title_features(parts, query, vector, document_of),
        "lexical_document": of_document[document_of],
        "coverage_document": _coverage(in_documents, query)[document_of],
        "filing": _filing_scores(parts, lexical, rows),
        "length": parts.lookup.lengths[rows],
        **_routing_features(parts, query.asked, document_of),
        **word_features(parts, rows, query),
    }
    return Candidates(
        rows=rows,
        features=_stacked(columns, rows.size),
        asked=query.asked,
        query_terms=query.terms,
        seen_share=query.seen_share,
    )


def _relative(scores: Floats) -> Floats:
    return np.asarray(scores / max(float(scores.max(initial=0.0)), 1e-6))


def _stacked(columns: dict[str, NDArray[Any]], n: int) -> Floats:
    stacked = np.empty((n, len(FEATURES)), dtype=np.float32)
    for at, name in enumerate(_OWN):
        stacked[:, at] = columns[name]
    own = stacked[:, _COMPARED]
    best = own.max(axis=0, initial=0.0)
    stacked[:, len(_OWN) :] = np.where(
        best > _NOTHING, own / np.maximum(best, _NOTHING), 0
    )
    return stacked


def _first_stage(
    parts: SearchParts,
    query: Query,
    vector: Floats,
    lexical: Floats,
    allowed: NDArray[np.bool_] | None,
) -> tuple[Floats, float]:
    """Return every passage's score by meaning and words, and the best cosine.

    By meaning counts a passage that is among the nearest or the best by words, or is of
    a company that the question names, which puts it before all others; else it is 0.
    """
    named = [parts.lookup.passages_of[company] for company in query.asked.companies]
    dense = np.zeros(len(parts.passages), dtype=np.float32)
    nearest, cosines = parts.vectors.search(vector, N_NEAREST, allowed)
    beside = np.unique(np.concatenate([top(lexical, N_NEAREST), *named]))
    dense[beside] = parts.vectors.at(beside) @ vector
    dense[nearest] = cosines
    first = convex_combination(dense, lexical, dense_share=DENSE_SHARE)
    for passages in named:
        first[passages] += 1
    return first, float(dense.max())


def _dense_features(
    parts: SearchParts, vector: Floats, best: float, rows: Rows
) -> dict[str, Floats]:
    own = parts.vectors.at(rows)
    moved = vector + np.float32(0.4) * own[:N_FEEDBACK].mean(axis=0)
    moved /= max(float(np.sqrt(moved @ moved)), 1e-6)
    cosines = own @ vector
    return {
        "dense": cosines,
        "dense_relative": cosines - np.float32(best),
        "dense_feedback": own @ moved,
    }


def _lexical_features(
    parts: SearchParts, query: Query, lexical: Floats, rows: Rows
) -> dict[str, Floats]:
    weights = _feedback_terms(parts, rows[:N_FEEDBACK], query)
    own = lexical[rows]
    return {
        "lexical_relative": own / max(float(lexical.max(initial=0.0)), 1e-6),
        "lexical_share": own / query.ideal,
        "lexical_feedback": _relative(parts.lexical.scores_of_rows(weights))[rows],
    }


def _title_features(
    parts: SearchParts, query: Query, vector: Floats, document_of: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    found = postings(parts.lexical_titles, query.terms)
    n_found = np.bincount(found.texts, minlength=found.n_texts)[document_of]
    titles = parts.title_vectors
    known = titles.shape[1] == parts.vectors.n_dimensions
    return {
        "dense_title": titles[document_of] @ vector if known else np.zeros(1),
        "lexical_title": found.scores()[document_of] / query.ideal,
        "coverage_title": n_found / parts.lookup.title_lengths[document_of],
    }


def _coverage(found: Postings, query: Query) -> Floats:
    return found.gathered(query.idf) / query.ideal


def _feedback_terms(parts: SearchParts, seeds: Rows, query: Query) -> dict[int, float]:
    starts = parts.places.passage_starts
    found = np.concatenate([parts.places.terms[starts[s] : starts[s + 1]] for s in seeds])
    rows, counts = np.unique(found, return_counts=True)
    gains = counts * parts.lookup.idf[rows]
    best = np.argsort(-gains, kind="stable")[:N_EXPANSIONS]
    total = max(float(gains[best].sum()), 1e-6)
    shares = (0.5 * gains[best] / total).tolist()
    weights = dict(zip(rows[best].tolist(), shares, strict=True))
    for row, gain in zip(
        query.rows, (0.5 * query.idf / query.ideal).tolist(), strict=True
    ):
        if row >= 0:
            weights[row] = weights.get(row, 0.0) + gain
    return weights


def _filing_scores(parts: SearchParts, lexical: Floats, rows: Rows) -> Floats:
    lookup = parts.lookup
    by_filing = lexical[lookup.filing_order]
    best = np.maximum.reduceat(by_filing, lookup.filing_starts)
    total = np.add.reduceat(by_filing, lookup.filing_starts, dtype=np.float64)
    mean = (total / lookup.filing_sizes).astype(np.float32)
    filings = parts.filing_of[rows]
    of_best = best[filings] / max(float(best.max()), 1e-6)
    of_mean = mean[filings] / max(float(mean.max()), 1e-6)
    return np.asarray((of_best + of_mean) / 2)


def _routing_features(
    parts: SearchParts, asked: Asked, document_of: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    lookup = parts.lookup
    found: dict[str, NDArray[Any]] = dict.fromkeys(_ROUTED, np.zeros(1))
    if asked.companies:
        about = [parts.document_metadata[row] for row in document_of.tolist()]
        found["company"] = np.array([one.company in asked.companies for one in about])
    if asked.years:
        stated = lookup.years[document_of]
        year = np.isin(stated, list(asked.years)) * 0.5
        year[stated == max(asked.years)] = 1.0
        found["year"] = year
    if asked.periods:
        places = [PERIODS.index(one) for one in asked.periods]
        found["period"] = np.isin(lookup.periods[document_of], places)
    return found
