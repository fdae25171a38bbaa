"""What the parts of retrieval hand to each other: documents, passages, hits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document besides its text.

    Attributes
    ----------
    company : str
        Company that the document speaks about; empty if unknown.
    form : str
        Kind of document, such as ``10-K`` or ``earnings call``.
    fiscal_year : int or None
        Fiscal year that it reports on.
    period : str
        Part of that year: ``Q1`` to ``Q4``, ``H1``, ``H2`` or ``FY``.
    date : str
        Day of publication, ISO 8601.
    source : str
        Where the document came from: a path below the source's root or a URI.
    filing : str
        Name shared by documents that are parts of one filing, such as its pages.
    extra : mapping of str to str
        Whatever else filters may name, such as ``doc`` or ``speaker``.
    """

    company: str = ""
    form: str = ""
    fiscal_year: int | None = None
    period: str = ""
    date: str = ""
    source: str = ""
    filing: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """One filing, call or page, as its parser read it.

    Attributes
    ----------
    document_id : str
        Stable name, unique in an index.
    title : str
        Title; joins the index text and its own lexical field.
    text : str
        The whole text. Every span in a passage counts characters of it.
    metadata : Metadata
        Company, form, year and period that routing reads.
    pages : tuple of int
        Offset in `text` at which each page starts, ascending from 0; empty for a
        document without pages.
    """

    document_id: str
    title: str
    text: str
    metadata: Metadata = field(default_factory=Metadata)
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable span of one document.

    Attributes
    ----------
    passage_id : str
        ``<document_id>#<start>-<end>``.
    document_id : str
        The document that it was cut from.
    text : str
        Exactly ``document.text[start:end]``: what a quotation may quote.
    start, end : int
        Character span in the document's text, end exclusive.
    page : int or None
        Page of `start`, counted from 1; None in a document without pages.
    page_starts : tuple of int
        Offsets in the document's text, after `start` and before `end`, at which further
        pages start; ascending.
    title : str
        The document's title.
    heading : str
        Headings above the passage. Joins the index text, never the quotation.
    metadata : Metadata
        The document's.
    """

    passage_id: str
    document_id: str
    text: str
    start: int
    end: int
    page: int | None = None
    title: str = ""
    heading: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    page_starts: tuple[int, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """Return the page of a place in this passage, counted from 1.

        Parameters
        ----------
        offset : int
            In the document's text, from `start` to `end`.
        """
        if self.page is None:
            return None
        return self.page + bisect_right(self.page_starts, offset)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its score and what the score is made of.

    Attributes
    ----------
    passage : Passage
        What was found.
    score : float
        Comparable within one search only.
    parts : mapping of str to float
        The score's features by name, for an explanation of the rank.
    row : int
        Row of the passage in the index that it was found in.
    """

    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    row: int = -1
