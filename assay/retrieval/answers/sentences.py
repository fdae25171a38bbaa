"""Features of the sentences of the leading hits, read from the index's own places."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts import SearchParts
from assay.retrieval.parts.lookup import NUMBER, YEAR
from assay.retrieval.search.query import Query, read_query
from assay.retrieval.types import Hit
from assay.retrieval.words.stemming import stem
from assay.retrieval.words.tokens import STOP_WORDS, words

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

SENTENCE_FEATURES = (
    "coverage",
    "coverage_lead",
    "coverage_around",
    "pairs",
    "passage",
    "first_passage",
    "first_sentence",
    "length",
    "short",
    "new_terms",
    "number_asked",
    "year_asked",
    "name_asked",
    "kind_missing",
    "copies_question",
)
N_PASSAGES = 5
_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|old|far|high|large|big|often|tall)\b|\b(?:percent"
    r"|percentage|rate|amount|number of|total|ratio|average|change in)\b",
    re.IGNORECASE,
)
_YEAR_ASKED = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:year|date|century|decade|day|month)\b", re.IGNORECASE
)
_NAME_ASKED = re.compile(
    r"\b(?:who|whom|whose|where)\b|\b(?:what|which) (?:city|country|person|company|"
    r"team|state|river|king|author|name|place|region|group)\b",
    re.IGNORECASE,
)
_MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December|century)\b"
)
_NAME = re.compile(r"(?<!^)\b[A-Z][\w'-]+")


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of the leading hits with their features.

    Attributes
    ----------
    hits : tuple of int
        Number of each sentence's hit.
    spans : tuple of (int, int)
        Span of each in its document's text.
    features : ndarray of shape (n_sentences, len(SENTENCE_FEATURES))
        Columns in the order of `SENTENCE_FEATURES`.
    """

    hits: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    features: Floats


@dataclass(frozen=True, slots=True)
class _Read:
    """The leading passages: sentences in order, terms in order with their sentence."""

    hit: Rows
    first: Rows
    texts: list[str]
    spans: tuple[tuple[int, int], ...]
    rows: NDArray[np.int32]
    sentence: Rows


def sentence_features(
    question: str, hits: Sequence[Hit], parts: SearchParts
) -> Sentences:
    """Return the sentences of the first five hits with their features.

    Parameters
    ----------
    question : str
        As asked.
    hits : sequence of Hit
        Best first, found in the index of `parts`.
    parts : SearchParts
        The index.
    """
    leading = hits[:N_PASSAGES]
    if not leading:
        return Sentences((), (), np.zeros((0, len(SENTENCE_FEATURES))))
    query = read_query(parts, question)
    read = _leading(leading, parts)
    known = np.full(len(parts.lexical.vocabulary) + 1, -1, dtype=np.int64)
    known[list(query.rows)] = np.arange(len(query.rows))
    known[-1] = -1
    term = known[read.rows]
    scores = np.array([hit.score for hit in leading])
    values = {
        **_word_features(read, term, query),
        "passage": np.maximum(scores - scores.max(), -5.0)[read.hit],
        "first_passage": read.hit == 0,
        "first_sentence": np.arange(len(read.texts)) == read.first[read.hit],
        **_answer_kinds(question, read, term, parts, query),
    }
    features = np.empty((len(read.texts), len(SENTENCE_FEATURES)))
    for at, name in enumerate(SENTENCE_FEATURES):
        features[:, at] = values[name]
    return Sentences(tuple(read.hit.tolist()), read.spans, features)


def _leading(leading: Sequence[Hit], parts: SearchParts) -> _Read:
    places = parts.places
    counts: list[int] = []
    texts: list[str] = []
    spans: list[tuple[int, int]] = []
    rows, sentences = [], []
    for hit in leading:
        start, end = places.passage_starts[hit.row : hit.row + 2]
        rows.append(places.terms[start:end])
        sentences.append(places.sentences[start:end] + len(texts))
        first, last = places.sentence_starts[hit.row : hit.row + 2]
        text, offset = hit.passage.text, hit.passage.start
        for begin, stop in places.spans[first:last].tolist():
            texts.append(text[begin:stop])
            spans.append((begin + offset, stop + offset))
        counts.append(int(last - first))
    return _Read(
        hit=np.repeat(np.arange(len(leading)), counts),
        first=np.cumsum([0, *counts[:-1]]),
        texts=texts,
        spans=tuple(spans),
        rows=np.concatenate(rows),
        sentence=np.concatenate(sentences),
    )


def _word_features(read: _Read, term: Rows, query: Query) -> dict[str, Floats]:
    n, n_terms = len(read.texts), len(query.terms)
    present = np.zeros((n, n_terms), dtype=bool)
    kept = term >= 0
    present[read.sentence[kept], term[kept]] = True
    same = read.hit[1:] == read.hit[:-1]
    around = present.copy()
    around[1:] |= present[:-1] & same[:, None]
    around[:-1] |= present[1:] & same[:, None]
    gains = query.idf.astype(np.float64)
    covered = present @ gains / query.ideal
    lengths = np.bincount(read.sentence, minlength=n)
    return {
        "coverage": covered,
        "coverage_lead": covered - np.maximum.reduceat(covered, read.first)[read.hit],
        "coverage_around": around @ gains / query.ideal,
        "pairs": _pair_shares(read, term, query),
        "length": np.log1p(lengths),
        "short": (lengths < 4).astype(np.float64),
    }


def _pair_shares(read: _Read, term: Rows, query: Query) -> Floats:
    n_terms = max(len(query.terms), 1)
    asked = sorted({a * n_terms + b for a, b in itertools.pairwise(query.order)})
    column = np.full(n_terms * n_terms, -1, dtype=np.int64)
    column[asked] = np.arange(len(asked))
    found = np.zeros((len(read.texts), len(asked)), dtype=bool)
    for gap in (1, 2) if asked else ():
        first, second = term[:-gap], term[gap:]
        ok = (first >= 0) & (second >= 0) & (read.sentence[:-gap] == read.sentence[gap:])
        which = column[first[ok] * n_terms + second[ok]]
        hit = which >= 0
        found[read.sentence[:-gap][ok][hit], which[hit]] = True
    return np.asarray(found.sum(axis=1) / max(len(asked), 1))


def _answer_kinds(
    question: str, read: _Read, term: Rows, parts: SearchParts, query: Query
) -> dict[str, Floats]:
    n, new = len(read.texts), term < 0
    kinds = parts.lookup.kinds[read.rows]
    width = len(parts.lexical.vocabulary) + 1
    distinct = np.unique(read.sentence[new] * width + read.rows[new]) // width
    nothing = np.zeros(n, dtype=bool)
    number, year, name = nothing, nothing, nothing
    wants_number = _NUMBER_ASKED.search(question) is not None
    wants_year = _YEAR_ASKED.search(question) is not None
    wants_name = _NAME_ASKED.search(question) is not None
    if wants_number:
        number = np.bincount(read.sentence[new & (kinds == NUMBER)], minlength=n) > 0
    if wants_year:
        year = np.bincount(read.sentence[new & (kinds == YEAR)], minlength=n) > 0
        year |= np.array([_MONTH.search(text) is not None for text in read.texts])
    if wants_name:
        asked = STOP_WORDS | set(words(question))
        name = np.array([_has_name(text, query.terms, asked) for text in read.texts])
    missing = (wants_number & ~number) | (wants_year & ~year) | (wants_name & ~name)
    return {
        "new_terms": np.log1p(np.bincount(distinct, minlength=n)),
        "number_asked": number.astype(np.float64),
        "year_asked": year.astype(np.float64),
        "name_asked": name.astype(np.float64),
        "kind_missing": missing.astype(np.float64),
        "copies_question": np.array([t.rstrip().endswith("?") for t in read.texts]),
    }


def _has_name(sentence: str, terms: Sequence[str], asked: frozenset[str]) -> bool:
    return any(
        stem(word) not in terms and word not in asked
        for name in _NAME.findall(sentence)
        for word in words(name)
    )
