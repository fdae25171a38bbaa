"""The parts of an index in memory, built from documents and their vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError
from assay.retrieval.parts.counting import Counted, counted
from assay.retrieval.parts.lexical import LexicalIndex, build_lexical_index
from assay.retrieval.parts.lookup import Lookup, build_lookup
from assay.retrieval.parts.nearest import Nearest
from assay.retrieval.parts.passages import PassageRules, cut_passages
from assay.retrieval.parts.routing import Gazetteer, build_gazetteer
from assay.retrieval.types import Document, Metadata, Passage
from assay.retrieval.words.tokens import terms

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Places:
    """Terms of every passage in order, for coverage, adjacency and sentences.

    Attributes
    ----------
    terms : ndarray of shape (n_terms,)
        Vocabulary rows of all passages' terms, one passage after the other.
    passage_starts : ndarray of shape (n_passages + 1,)
        Where each passage's terms begin.
    sentences : ndarray of shape (n_terms,)
        Number of the sentence within its passage.
    spans : ndarray of shape (n_sentences, 2)
        Start and end of every passage's sentences in the passage's text.
    sentence_starts : ndarray of shape (n_passages + 1,)
        Where each passage's sentences begin.
    """

    terms: Integers
    passage_starts: Integers
    sentences: Integers
    spans: Integers
    sentence_starts: Integers


@dataclass(frozen=True, slots=True)
class SearchParts:
    """Everything that a search reads.

    Attributes
    ----------
    passages : tuple of Passage
        All passages, those of one document together.
    document_ids : tuple of str
        Documents in order.
    document_metadata : tuple of Metadata
        Of each document.
    document_of : ndarray of shape (n_passages,)
        Row of each passage's document.
    filing_of : ndarray of shape (n_passages,)
        Row of each passage's filing; its document's own where none is named.
    lexical, lexical_documents, lexical_titles : LexicalIndex
        BM25 over passages with their headers, over documents, over titles.
    places : Places
        Terms in order.
    vectors : Nearest
        Unit vectors of the passages with their headers.
    title_vectors : ndarray of shape (n_documents, n_dimensions)
        Unit vectors of the titles; zero where there is none.
    gazetteer : Gazetteer
        Names of the companies.
    lookup : Lookup
        Figures of all these that no question changes.
    """

    passages: tuple[Passage, ...]
    document_ids: tuple[str, ...]
    document_metadata: tuple[Metadata, ...]
    document_of: Integers
    filing_of: Integers
    lexical: LexicalIndex
    lexical_documents: LexicalIndex
    lexical_titles: LexicalIndex
    places: Places
    vectors: Nearest
    title_vectors: Floats
    gazetteer: Gazetteer
    lookup: Lookup = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lookup = build_lookup(
            self.lexical,
            self.lexical_titles,
            self.places.passage_starts,
            self.document_metadata,
            self.document_of,
            self.filing_of,
        )
        object.__setattr__(self, "lookup", lookup)

    def passages_of(self, document_id: str) -> tuple[Passage, ...]:
        """Return the passages of a document in order; empty if there is none."""
        try:
            row = self.document_ids.index(document_id)
        except ValueError:
            return ()
        # Passages of one document stand together, in the order of the documents.
        start, end = np.searchsorted(self.document_of, [row, row + 1])
        return self.passages[start:end]


def index_text(passage: Passage) -> str:
    """Return what is indexed of a passage: title, heading and text."""
    heading = "" if passage.heading in passage.text else passage.heading
    return "\n".join(part for part in (passage.title, heading, passage.text) if part)


def build_parts(
    documents: Sequence[Document], encode: Encode, *, rules: PassageRules | None = None
) -> SearchParts:
    """Cut, count and encode documents into the parts of an index.

    Parameters
    ----------
    documents : sequence of Document
        With distinct ids. Documents without text have no passage and are never found.
    encode : callable
        Texts to unit vectors of shape (n_texts, n_dimensions), as of
        `assay.retrieval.vectors.dense`.
    rules : PassageRules, optional
        How documents are cut.

    Raises
    ------
    DataError
        If an id occurs twice or no document has text.
    """
    ids = [document.document_id for document in documents]
    if len(set(ids)) < len(ids):
        raise DataError(f"{len(ids) - len(set(ids))} documents repeat another's id")
    passages = [passage for d in documents for passage in cut_passages(d, rules)]
    if not passages:
        raise DataError(f"none of the {len(ids)} documents has text to index")
    vectors = encode([index_text(passage) for passage in passages])
    return assembled(documents, passages, vectors, title_vectors(documents, encode))


def title_vectors(documents: Sequence[Document], encode: Encode) -> Floats:
    """Return a unit vector of each document's title, zero where it has none."""
    titles = sorted({document.title for document in documents} - {""})
    if not titles:
        return np.zeros((len(documents), 1), dtype=np.float32)
    encoded = encode(titles)
    found = dict(zip(titles, encoded, strict=True))
    blank = np.zeros(encoded.shape[1], dtype=np.float32)
    return np.stack([found.get(document.title, blank) for document in documents])


def assembled(
    documents: Sequence[Document],
    passages: Sequence[Passage],
    vectors: Floats,
    titles: Floats,
    *,
    before: SearchParts | None = None,
    unchanged: frozenset[str] = frozenset(),
) -> SearchParts:
    """Return the parts of passages whose vectors are already there.

    Parameters
    ----------
    documents : sequence of Document
        In the order of `titles`.
    passages : sequence of Passage
        In the order of `vectors`; each of one of the documents.
    vectors : ndarray of shape (n_passages, n_dimensions)
        Unit vectors of the passages.
    titles : ndarray of shape (n_documents, n_dimensions)
        See `title_vectors`.
    before : SearchParts, optional
        Parts from which the terms of the unchanged documents are taken.
    unchanged : frozenset of str
        Documents with the same text, title, headings and passages as there.
    """
    row_of = {document.document_id: row for row, document in enumerate(documents)}
    document_of = np.array([row_of[p.document_id] for p in passages], dtype=np.int32)
    found = counted(documents, passages, before, unchanged)
    lexical = found.of_passages()
    return SearchParts(
        passages=tuple(passages),
        document_ids=tuple(row_of),
        document_metadata=tuple(document.metadata for document in documents),
        document_of=document_of,
        filing_of=_filings(documents)[document_of],
        lexical=lexical,
        lexical_documents=found.of_documents(document_of),
        lexical_titles=build_lexical_index([terms(d.title) for d in documents]),
        places=_places(lexical, found),
        vectors=Nearest.of(vectors),
        title_vectors=titles,
        gazetteer=build_gazetteer(d.metadata.company for d in documents),
    )


def _filings(documents: Sequence[Document]) -> Integers:
    filings: dict[str, int] = {}
    rows = [
        filings.setdefault(d.metadata.filing or d.document_id, len(filings))
        for d in documents
    ]
    return np.asarray(rows, dtype=np.int32)


def _places(lexical: LexicalIndex, found: Counted) -> Places:
    # Every term of a body is one of the index; those of titles alone may not be.
    rows = np.array([lexical.vocabulary.get(name, -1) for name in found.names])
    return Places(
        terms=rows[found.bodies].astype(np.int32),
        passage_starts=_starts(found.lengths),
        sentences=found.sentences,
        spans=found.spans,
        sentence_starts=_starts(found.n_sentences),
    )


def _starts(lengths: NDArray[np.int64]) -> Integers:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
