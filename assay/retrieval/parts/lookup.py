"""What a search needs of an index at every question, worked out when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts.lexical import LexicalIndex
from assay.retrieval.types import Metadata
from assay.retrieval.words.tokens import is_number, is_year

Integers = NDArray[np.int32]
Rows = NDArray[np.int64]

NUMBER, YEAR = 1, 2
PERIODS = ("Q1", "Q2", "Q3", "Q4", "H1", "H2")


@dataclass(frozen=True, slots=True)
class Lookup:
    """Figures of an index that no question changes.

    Attributes
    ----------
    idf : ndarray of shape (n_terms + 1,)
        Inverse document frequency of each term of the passages; the last is that of a
        term that none holds.
    kinds : ndarray of shape (n_terms,)
        `NUMBER`, `YEAR` or 0 for each term.
    title_lengths : ndarray of shape (n_documents,)
        Distinct terms of each title, at least 1.
    lengths : ndarray of shape (n_passages,)
        Feature of each passage's length.
    passages_of : mapping of str to ndarray
        Rows of the passages of each company.
    years, periods : ndarray of shape (n_documents,)
        Fiscal year, 0 where none is known, and place in `PERIODS`, -1 where none is.
    filing_order : ndarray of shape (n_passages,)
        Passages by filing.
    filing_starts, filing_sizes : ndarray of shape (n_filings,)
        Where each filing begins among them, and how many passages it has.
    """

    idf: NDArray[np.float64]
    kinds: NDArray[np.int8]
    title_lengths: Rows
    lengths: NDArray[np.float64]
    passages_of: Mapping[str, Rows]
    years: Integers
    periods: Integers
    filing_order: Rows
    filing_starts: Rows
    filing_sizes: Rows


def build_lookup(
    lexical: LexicalIndex,
    titles: LexicalIndex,
    passage_starts: Integers,
    metadata: Sequence[Metadata],
    document_of: Integers,
    filing_of: Integers,
) -> Lookup:
    """Return the figures of an index, see `assay.retrieval.parts.SearchParts`."""
    n_with = np.append(np.diff(lexical.starts), 0).astype(np.float64)
    sizes = np.bincount(filing_of)
    return Lookup(
        idf=np.log1p((lexical.n_texts - n_with + 0.5) / (n_with + 0.5)),
        kinds=np.array([_kind(term) for term in lexical.vocabulary], dtype=np.int8),
        title_lengths=np.maximum(np.bincount(titles.texts, minlength=titles.n_texts), 1),
        lengths=np.log1p(np.diff(passage_starts)) / 5,
        passages_of=_passages_of(metadata, document_of),
        years=np.array([one.fiscal_year or 0 for one in metadata], dtype=np.int32),
        periods=np.array(
            [PERIODS.index(m.period) if m.period in PERIODS else -1 for m in metadata],
            dtype=np.int32,
        ),
        filing_order=np.argsort(filing_of, kind="stable"),
        filing_starts=np.cumsum(sizes) - sizes,
        filing_sizes=sizes,
    )


def _kind(term: str) -> int:
    if not term[0].isdigit():
        return 0
    return YEAR if is_year(term) else NUMBER if is_number(term) else 0


def _passages_of(metadata: Sequence[Metadata], document_of: Integers) -> dict[str, Rows]:
    names = sorted({one.company for one in metadata} - {""})
    number = {name: at for at, name in enumerate(names)}
    of_document = np.array([number.get(m.company, -1) for m in metadata], dtype=np.int32)
    of_passage = of_document[document_of]
    order = np.argsort(of_passage, kind="stable")
    ends = np.searchsorted(of_passage[order], np.arange(len(names) + 1))
    return {name: order[ends[at] : ends[at + 1]] for name, at in number.items()}
