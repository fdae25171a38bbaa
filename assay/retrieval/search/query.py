"""A question's words, looked up once in the indexes that a search reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.parts.lexical import LexicalIndex
from assay.retrieval.parts.routing import Asked
from assay.retrieval.words.tokens import is_number, stems, words

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Query:
    """What a question asks in terms of one index.

    Attributes
    ----------
    asked : Asked
        Companies, years and periods that it names.
    terms : tuple of str
        Its terms, each once, in order.
    order : tuple of int
        Its terms as asked, each by its place in `terms`.
    rows : tuple of int
        Row of each term in the passages' vocabulary, -1 where it is unknown.
    idf : ndarray of shape (n_terms,)
        Inverse document frequency of each; the largest for an unknown one.
    numeric : ndarray of shape (n_terms,)
        1 for a term that is a number, else 0.
    ideal : float
        Sum of the inverse document frequencies, above 0.
    """

    asked: Asked
    terms: tuple[str, ...]
    order: tuple[int, ...]
    rows: tuple[int, ...]
    idf: Floats
    numeric: Floats
    ideal: float

    @property
    def seen_share(self) -> float:
        """Share of the inverse document frequencies that the index knows at all."""
        if not self.terms:
            return 0.0
        seen = np.asarray(self.rows) >= 0
        return float(self.idf[seen].sum() / self.ideal)


def read_query(parts: SearchParts, question: str) -> Query:
    """Return a question in terms of an index."""
    found = words(question)
    in_order = stems(found)
    place = {term: at for at, term in enumerate(dict.fromkeys(in_order))}
    known = parts.lexical.vocabulary
    rows = tuple([known.get(term, -1) for term in place])
    # The last of them is that of a term which no passage holds.
    idf = parts.lookup.idf[list(rows)].astype(np.float32)
    return Query(
        asked=parts.gazetteer.asked(question, found),
        terms=tuple(place),
        order=tuple([place[term] for term in in_order]),
        rows=rows,
        idf=idf,
        numeric=np.array([is_number(term) for term in place], dtype=np.float32),
        ideal=max(float(idf.sum()), 1e-6),
    )


@dataclass(frozen=True, slots=True)
class Postings:
    """The postings of a query's terms in one index, one term after the other.

    Attributes
    ----------
    texts : ndarray of shape (n_postings,)
        Texts that hold the term.
    weights : ndarray of shape (n_postings,)
        BM25 weight of the term in each.
    lengths : tuple of int
        Postings of each term that the index knows.
    terms : tuple of int
        Places of those terms in the query.
    n_texts : int
        Texts of the index.
    """

    texts: NDArray[np.int32]
    weights: Floats
    lengths: tuple[int, ...]
    terms: tuple[int, ...]
    n_texts: int

    def scores(self) -> Floats:
        """Return the BM25 score of each text."""
        summed = np.bincount(self.texts, self.weights, self.n_texts)
        return summed.astype(np.float32)

    def gathered(self, gains: Floats) -> Floats:
        """Return for each text the sum of the gains of the terms that it holds."""
        own = np.repeat(gains[list(self.terms)], self.lengths)
        return np.bincount(self.texts, own, self.n_texts).astype(np.float32)


def postings(index: LexicalIndex, terms: Sequence[str]) -> Postings:
    """Return the postings of distinct terms."""
    known = index.vocabulary
    found = [(at, known[term]) for at, term in enumerate(terms) if term in known]
    texts, weights, lengths = index.postings([row for _, row in found])
    return Postings(
        texts, weights, lengths, tuple([at for at, _ in found]), index.n_texts
    )
