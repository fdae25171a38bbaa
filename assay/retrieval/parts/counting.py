"""Terms of all passages as numbers; those of unchanged documents are not read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts.lexical import LexicalIndex, index_of_numbers
from assay.retrieval.parts.passages import sentence_spans
from assay.retrieval.types import Document, Passage
from assay.retrieval.words.tokens import terms

if TYPE_CHECKING:
    from assay.retrieval.parts.assembly import SearchParts

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Counted:
    """Terms of the passages by number.

    Attributes
    ----------
    names : list of str
        Term of each number.
    bodies, sentences : ndarray of shape (n_terms,)
        Number of each term of the passages' texts, and of its sentence.
    lengths : ndarray of shape (n_passages,)
        Terms of each passage.
    spans : ndarray of shape (n_sentences, 2)
        Spans of the sentences of all passages.
    n_sentences : ndarray of shape (n_passages,)
        Sentences of each passage.
    headers : list of ndarray
        Numbers of the terms of each passage's title and heading.
    titles : list of ndarray
        Numbers of the terms of each document's title.
    """

    names: list[str]
    bodies: Integers
    sentences: Integers
    lengths: NDArray[np.int64]
    spans: Integers
    n_sentences: NDArray[np.int64]
    headers: list[Integers]
    titles: list[Integers]

    def of_passages(self) -> LexicalIndex:
        """Return BM25 over passages with their headers."""
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        pieces = [
            piece
            for row, header in enumerate(self.headers)
            for piece in (header, self.bodies[starts[row] : starts[row + 1]])
        ]
        sizes = np.array([header.size for header in self.headers], dtype=np.int64)
        return index_of_numbers(_joined(pieces), self.lengths + sizes, self.names)

    def of_documents(self, document_of: Integers) -> LexicalIndex:
        """Return BM25 over whole documents: the title, then all passages."""
        n = len(self.titles)
        by_document = np.bincount(document_of, weights=self.lengths, minlength=n)
        order = np.argsort(document_of, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        pieces: list[list[Integers]] = [[title] for title in self.titles]
        for row in order:
            pieces[document_of[row]].append(self.bodies[starts[row] : starts[row + 1]])
        sizes = np.array([title.size for title in self.titles], dtype=np.int64)
        lengths = by_document.astype(np.int64) + sizes
        joined = _joined([piece for of_one in pieces for piece in of_one])
        return index_of_numbers(joined, lengths, self.names)


def counted(
    documents: Sequence[Document],
    passages: Sequence[Passage],
    before: SearchParts | None = None,
    unchanged: frozenset[str] = frozenset(),
) -> Counted:
    """Count the terms of passages.

    Parameters
    ----------
    documents : sequence of Document
        All documents.
    passages : sequence of Passage
        Of them, those of one document together.
    before : SearchParts, optional
        Parts in which the unchanged documents have the same passages.
    unchanged : frozenset of str
        Documents whose terms are taken from `before`.
    """
    numbers = dict(before.lexical.vocabulary) if before is not None else {}
    bodies: list[Integers] = []
    sentences: list[Integers] = []
    spans: list[Integers] = []
    old_rows = _old_rows(before, unchanged)
    for passage in passages:
        old = old_rows.get(passage.passage_id)
        if old is not None and before is not None:
            at = slice(*before.places.passage_starts[old : old + 2])
            bodies.append(before.places.terms[at])
            sentences.append(before.places.sentences[at])
            at = slice(*before.places.sentence_starts[old : old + 2])
            spans.append(before.places.spans[at])
        else:
            cut = sentence_spans(passage.text)
            body, of_sentence = _terms_by_sentence(passage.text, cut)
            bodies.append(_numbered(body, numbers))
            sentences.append(np.asarray(of_sentence, dtype=np.int32))
            spans.append(np.asarray(cut, dtype=np.int32))
    titles = [_numbered(terms(document.title), numbers) for document in documents]
    return Counted(
        names=list(numbers),
        bodies=_joined(bodies),
        sentences=_joined(sentences),
        lengths=np.array([body.size for body in bodies], dtype=np.int64),
        spans=_joined(spans),
        n_sentences=np.array([len(cut) for cut in spans], dtype=np.int64),
        headers=_headers(passages, numbers),
        titles=titles,
    )


def _headers(passages: Sequence[Passage], numbers: dict[str, int]) -> list[Integers]:
    known: dict[tuple[str, str], Integers] = {}
    for passage in passages:
        header = (passage.title, passage.heading)
        if header not in known:
            known[header] = _numbered(terms("\n".join(header)), numbers)
    return [known[passage.title, passage.heading] for passage in passages]


def _old_rows(before: SearchParts | None, unchanged: frozenset[str]) -> dict[str, int]:
    if before is None:
        return {}
    return {
        passage.passage_id: row
        for row, passage in enumerate(before.passages)
        if passage.document_id in unchanged
    }


def _numbered(found: Sequence[str], numbers: dict[str, int]) -> Integers:
    rows = [numbers.setdefault(term, len(numbers)) for term in found]
    return np.asarray(rows, dtype=np.int32)


def _joined(pieces: Sequence[Integers]) -> Integers:
    if not pieces:
        return np.zeros(0, dtype=np.int32)
    return np.concatenate(pieces).astype(np.int32, copy=False)


def _terms_by_sentence(
    text: str, spans: Sequence[tuple[int, int]]
) -> tuple[list[str], list[int]]:
    body: list[str] = []
    numbers: list[int] = []
    for number, (start, end) in enumerate(spans):
        found = terms(text[start:end])
        body += found
        numbers += [number] * len(found)
    return body, numbers
