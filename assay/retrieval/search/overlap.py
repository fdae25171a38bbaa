"""How the words of a query lie in its candidates: coverage, sentences, pairs."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.words.tokens import is_number

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


def word_features(
    parts: SearchParts,
    rows: Rows,
    in_order: list[str],
    distinct: tuple[str, ...],
    idf: Floats,
) -> dict[str, Floats]:
    """Return how the query's words lie in each candidate.

    Parameters
    ----------
    parts : SearchParts
        The index.
    rows : ndarray of shape (n_candidates,)
        Rows of the candidates' passages.
    in_order, distinct : sequence of str
        The query's terms, as asked and each once.
    idf : ndarray of shape (n_distinct,)
        Inverse document frequency of each distinct term.

    Returns
    -------
    dict of str to ndarray of shape (n_candidates,)
        Shares in [0, 1]: of the idf covered by passage, document, title and best
        sentence, of adjacent pairs, of numbers.
    """
    n_rows, n_terms = rows.size, len(distinct)
    known = np.full(len(parts.lexical.vocabulary) + 1, -1, dtype=np.int32)
    for at, term in enumerate(distinct):
        known[parts.lexical.vocabulary.get(term, -1)] = at
    known[-1] = -1
    starts = parts.places.passage_starts
    lengths = starts[rows + 1] - starts[rows]
    owner = np.repeat(np.arange(n_rows), lengths)
    offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(starts[rows], lengths) + offset
    term = known[parts.places.terms[places]]
    kept = term >= 0
    present = np.zeros((n_rows, n_terms), dtype=np.float32)
    present[owner[kept], term[kept]] = 1
    total = max(float(idf.sum()), 1e-6)
    numeric = np.array([is_number(t) for t in distinct], dtype=np.float32)
    return {
        "coverage": present @ idf / total,
        "coverage_document": _document_coverage(parts, rows, distinct, idf) / total,
        "coverage_title": _title_coverage(parts, rows, distinct),
        "coverage_sentence": _best_sentence(
            owner[kept], parts.places.sentences[places][kept], term[kept], idf, n_rows
        )
        / total,
        "pairs": _pair_coverage(owner, term, in_order, distinct, idf, n_rows),
        "numbers": present @ numeric / max(float(numeric.sum()), 1.0),
    }


def _document_coverage(
    parts: SearchParts, rows: Rows, distinct: tuple[str, ...], idf: Floats
) -> Floats:
    covered = np.zeros(len(parts.document_ids), dtype=np.float32)
    index = parts.lexical_documents
    for term, gain in zip(distinct, idf, strict=True):
        row = index.vocabulary.get(term)
        if row is not None:
            covered[index.texts[index.starts[row] : index.starts[row + 1]]] += gain
    return np.asarray(covered[parts.document_of[rows]])


def _title_coverage(parts: SearchParts, rows: Rows, distinct: tuple[str, ...]) -> Floats:
    index = parts.lexical_titles
    covered = np.zeros(index.n_texts, dtype=np.float32)
    for term in distinct:
        row = index.vocabulary.get(term)
        if row is not None:
            covered[index.texts[index.starts[row] : index.starts[row + 1]]] += 1
    lengths = np.maximum(np.bincount(index.texts, minlength=index.n_texts), 1)
    return np.asarray((covered / lengths)[parts.document_of[rows]], dtype=np.float32)


def _best_sentence(
    owner: Rows, sentence: NDArray[np.int32], term: NDArray[np.int32], idf: Floats, n: int
) -> Floats:
    best = np.zeros(n, dtype=np.float32)
    if term.size == 0:
        return best
    keys = np.unique((owner * 4096 + np.minimum(sentence, 4095)) * 4096 + term)
    of_sentence, at = np.unique(keys // 4096, return_inverse=True)
    covered = np.bincount(at, weights=idf[keys % 4096])
    np.maximum.at(best, of_sentence // 4096, covered.astype(np.float32))
    return best


def _pair_coverage(
    owner: Rows,
    term: NDArray[np.int32],
    in_order: list[str],
    distinct: tuple[str, ...],
    idf: Floats,
    n: int,
) -> Floats:
    at = {t: i for i, t in enumerate(distinct)}
    n_terms = max(len(distinct), 1)
    asked = sorted({at[a] * n_terms + at[b] for a, b in itertools.pairwise(in_order)})
    if not asked:
        return np.zeros(n, dtype=np.float32)
    pairs = np.asarray(asked)
    gains = (idf[pairs // n_terms] + idf[pairs % n_terms]) / 2
    found = np.zeros((n, pairs.size), dtype=np.float32)
    for gap in (1, 2):
        first, second = term[:-gap], term[gap:]
        ok = (first >= 0) & (second >= 0) & (owner[:-gap] == owner[gap:])
        code = first[ok] * n_terms + second[ok]
        where = np.searchsorted(pairs, code)
        hit = (where < pairs.size) & (pairs[np.minimum(where, pairs.size - 1)] == code)
        rows, columns = owner[:-gap][ok][hit], where[hit]
        found[rows, columns] = np.maximum(found[rows, columns], 1.0 if gap == 1 else 0.5)
    return np.asarray(found @ gains / max(float(gains.sum()), 1e-6))
