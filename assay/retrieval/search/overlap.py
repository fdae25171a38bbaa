"""How the words of a query lie in its candidates: coverage, sentences, pairs."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.search.query import Query

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def word_features(parts: SearchParts, rows: Rows, query: Query) -> dict[str, Floats]:
    """Return how the query's words lie in each candidate.

    Parameters
    ----------
    parts : SearchParts
        The index.
    rows : ndarray of shape (n_candidates,)
        Rows of the candidates' passages.
    query : Query
        The question in terms of the index.

    Returns
    -------
    dict of str to ndarray of shape (n_candidates,)
        Shares in [0, 1]: of the idf covered by the passage and by its best sentence, of
        adjacent pairs, of numbers.
    """
    n_terms = len(query.terms)
    place, owner, sentence, term = _occurrences(parts, rows, query)
    present = np.zeros((rows.size, n_terms), dtype=np.float32)
    present[owner, term] = 1
    return {
        "coverage": present @ query.idf / query.ideal,
        "coverage_sentence": _best_sentence(owner, sentence, term, query, rows.size)
        / query.ideal,
        "pairs": _pair_coverage(place, owner, term, query, rows.size),
        "numbers": present @ query.numeric / max(float(query.numeric.sum()), 1.0),
    }


def _occurrences(
    parts: SearchParts, rows: Rows, query: Query
) -> tuple[Rows, Rows, NDArray[np.int32], NDArray[np.int16]]:
    """Return where the query's terms stand: place, candidate, sentence, term."""
    places = parts.places
    spans = list(
        zip(
            places.passage_starts[rows].tolist(),
            places.passage_starts[rows + 1].tolist(),
            strict=True,
        )
    )
    known = np.full(len(parts.lexical.vocabulary) + 1, -1, dtype=np.int16)
    known[list(query.rows)] = np.arange(len(query.rows))
    known[-1] = -1
    terms = known[np.concatenate([places.terms[start:end] for start, end in spans])]
    place = np.flatnonzero(terms >= 0)
    ends = np.cumsum([end - start for start, end in spans])
    owner = np.searchsorted(ends, place, side="right")
    starts = np.array([start for start, _ in spans])
    starts[1:] -= ends[:-1]
    return place, owner, places.sentences[starts[owner] + place], terms[place]


def _best_sentence(
    owner: Rows,
    sentence: NDArray[np.int32],
    term: NDArray[np.int16],
    query: Query,
    n: int,
) -> Floats:
    best = np.zeros(n, dtype=np.float32)
    if term.size == 0:
        return best
    # They stand in order, so that a sentence ends where owner or number change.
    begins = np.ones(term.size, dtype=bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (sentence[1:] != sentence[:-1])
    group = np.cumsum(begins) - 1
    present = np.zeros((int(group[-1]) + 1, len(query.terms)), dtype=np.float32)
    present[group, term] = 1
    np.maximum.at(best, owner[begins], present @ query.idf)
    return best


def _pair_coverage(
    place: Rows, owner: Rows, term: NDArray[np.int16], query: Query, n: int
) -> Floats:
    n_terms = max(len(query.terms), 1)
    asked = sorted({a * n_terms + b for a, b in itertools.pairwise(query.order)})
    if not asked:
        return np.zeros(n, dtype=np.float32)
    pairs = np.asarray(asked)
    gains = (query.idf[pairs // n_terms] + query.idf[pairs % n_terms]) / 2
    column = np.full(n_terms * n_terms, -1, dtype=np.int64)
    column[pairs] = np.arange(pairs.size)
    found = np.zeros((n, pairs.size), dtype=np.float32)
    # The terms between do not count: two of the query are near by their places alone.
    for away in (2, 1):
        gap = place[away:] - place[:-away]
        which = column[term[:-away] * np.int64(n_terms) + term[away:]]
        near = (gap <= 2) & (which >= 0) & (owner[:-away] == owner[away:])
        at, to = owner[:-away][near], which[near]
        np.maximum.at(found, (at, to), np.where(gap[near] == 1, 1.0, 0.5))
    return np.asarray(found @ gains / max(float(gains.sum()), 1e-6))
