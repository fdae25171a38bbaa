"""BM25 with precomputed term weights: exact, numpy only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """Postings of one field, a weight for each term of each text.

    Attributes
    ----------
    vocabulary : mapping of str to int
        Row of each term.
    starts : ndarray of shape (n_terms + 1,)
        Where the postings of each term begin.
    texts : ndarray of shape (n_postings,)
        Numbers of the texts that hold the term, ascending within a term.
    weights : ndarray of shape (n_postings,)
        BM25 weight of the term in that text, inverse document frequency included.
    n_texts : int
        Number of texts.

    Notes
    -----
    The weights are those of Lucene: ``idf * tf / (tf + k1 (1 - b + b length / mean))``
    with ``idf = ln(1 + (N - df + 0.5) / (df + 0.5))``. Equal to bm25s with
    ``method="lucene"`` within float32.

    References
    ----------
    S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and
    Beyond", Foundations and Trends in Information Retrieval 3(4), 2009.
    """

    vocabulary: Mapping[str, int]
    starts: Integers
    texts: Integers
    weights: Floats
    n_texts: int

    def scores(self, query: Iterable[str] | Mapping[str, float]) -> Floats:
        """Return the BM25 score of each text.

        Parameters
        ----------
        query : iterable of str, or mapping of str to float
            Terms, repeated as in the query, or terms with weights. Unknown terms add
            nothing.

        Returns
        -------
        ndarray of shape (n_texts,)
            At least 0 where the weights are.
        """
        weighted = query if isinstance(query, Mapping) else Counter(query)
        return self.scores_of_rows(
            {
                self.vocabulary[term]: weight
                for term, weight in weighted.items()
                if term in self.vocabulary
            }
        )

    def scores_of_rows(self, query: Mapping[int, float]) -> Floats:
        """Return the score of each text for vocabulary rows with weights."""
        texts, weights, lengths = self.postings(list(query))
        gains = np.repeat(np.array(list(query.values()), dtype=np.float32), lengths)
        return np.bincount(texts, gains * weights, self.n_texts).astype(np.float32)

    def postings(self, rows: Sequence[int]) -> tuple[Integers, Floats, tuple[int, ...]]:
        """Return the texts and weights of vocabulary rows, and the postings of each."""
        if not rows:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32), ()
        at = np.asarray(rows)
        starts, ends = self.starts[at].tolist(), self.starts[at + 1].tolist()
        spans = list(zip(starts, ends, strict=True))
        return (
            np.concatenate([self.texts[start:end] for start, end in spans]),
            np.concatenate([self.weights[start:end] for start, end in spans]),
            tuple([end - start for start, end in spans]),
        )

    def idf(self, term: str) -> float:
        """Return the inverse document frequency of a term; the largest if unknown."""
        row = self.vocabulary.get(term)
        n_with = 0 if row is None else int(self.starts[row + 1] - self.starts[row])
        return float(np.log1p((self.n_texts - n_with + 0.5) / (n_with + 0.5)))

    def save(self, path: Path) -> None:
        """Write the index to one ``.npz`` file."""
        ordered = sorted(self.vocabulary, key=self.vocabulary.__getitem__)
        letters = "\n".join(ordered).encode()
        np.savez(
            path,
            vocabulary=np.frombuffer(letters, dtype=np.uint8),
            starts=self.starts,
            texts=self.texts,
            weights=self.weights,
            n_texts=np.int64(self.n_texts),
        )


def build_lexical_index(
    texts: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75
) -> LexicalIndex:
    """Index texts that are already terms.

    Parameters
    ----------
    texts : sequence of sequences of str
        Terms of each text in order, see `assay.retrieval.words.tokens.terms`.
    k1, b : float
        Saturation of term frequency and share of length normalisation.
    """
    names: dict[str, int] = {}
    numbers = [names.setdefault(term, len(names)) for text in texts for term in text]
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return index_of_numbers(
        np.asarray(numbers, dtype=np.int64), lengths, list(names), k1=k1, b=b
    )


def index_of_numbers(
    numbers: NDArray[np.integer[Any]],
    lengths: NDArray[np.int64],
    names: Sequence[str],
    *,
    k1: float = 1.2,
    b: float = 0.75,
) -> LexicalIndex:
    """Index texts whose terms are numbers already, without reading a text again.

    Parameters
    ----------
    numbers : ndarray of shape (n_terms,)
        Number of each term, one text after the other.
    lengths : ndarray of shape (n_texts,)
        Terms of each text; they add up to ``n_terms``.
    names : sequence of str
        Term of each number. Those that do not occur are left out; the others stand in
        the order of their first occurrence, however they were numbered.
    k1, b : float
        See `build_lexical_index`.
    """
    first = np.full(len(names), numbers.size, dtype=np.int64)
    # Of equal places the last write stays, which backwards is the first occurrence.
    first[numbers[::-1]] = np.arange(numbers.size - 1, -1, -1)
    present = np.argsort(first, kind="stable")[: int((first < numbers.size).sum())]
    row_of = np.zeros(len(names), dtype=np.int64)
    row_of[present] = np.arange(present.size)
    n_texts = lengths.size
    text_of = np.repeat(np.arange(n_texts, dtype=np.int64), lengths)
    pairs, counts = np.unique(
        row_of[numbers] * max(n_texts, 1) + text_of, return_counts=True
    )
    rows, posted = np.divmod(pairs, max(n_texts, 1))
    n_with = np.bincount(rows, minlength=present.size)
    mean = max(float(lengths.mean()) if n_texts else 0.0, 1e-9)
    idf = np.log1p((n_texts - n_with + 0.5) / (n_with + 0.5))
    damping = k1 * (1 - b + b * lengths[posted] / mean)
    return LexicalIndex(
        vocabulary={names[number]: row for row, number in enumerate(present)},
        starts=np.concatenate([[0], np.cumsum(n_with)]).astype(np.int32),
        texts=posted.astype(np.int32),
        weights=(np.repeat(idf, n_with) * counts / (counts + damping)).astype(np.float32),
        n_texts=n_texts,
    )


def read_lexical_index(path: Path) -> LexicalIndex:
    """Read an index that `LexicalIndex.save` wrote.

    Raises
    ------
    BundleError
        If the file is absent or its parts disagree.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            parts = {name: stored[name] for name in stored.files}
        terms = bytes(parts["vocabulary"]).decode().split("\n")
    except (OSError, KeyError, ValueError) as error:
        raise BundleError(f"lexical index {path.name} cannot be read: {error}") from error
    terms = [] if terms == [""] else terms
    if len(terms) + 1 != len(parts["starts"]):
        raise BundleError(
            f"lexical index {path.name} has {len(terms)} terms but "
            f"{len(parts['starts']) - 1} posting lists; build it again"
        )
    return LexicalIndex(
        vocabulary={term: row for row, term in enumerate(terms)},
        starts=parts["starts"],
        texts=parts["texts"],
        weights=parts["weights"],
        n_texts=int(parts["n_texts"]),
    )
