"""Up to two quoted sentences that answer, each located in its document."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts.lexical import LexicalIndex
from assay.retrieval.parts.passages import sentence_spans
from assay.retrieval.types import Hit
from assay.retrieval.words.stemming import stem
from assay.retrieval.words.tokens import STOP_WORDS, is_number, is_year, terms, words

Floats = NDArray[np.float64]

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


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence of a document, word for word.

    Attributes
    ----------
    text : str
        Exactly ``document.text[start:end]``.
    passage_id, document_id : str
        Where it stands.
    start, end : int
        Character span in the document's text, end exclusive.
    page : int or None
        Page of the passage.
    score : float
        Share among all sentences that were weighed, in [0, 1].
    """

    text: str
    passage_id: str
    document_id: str
    start: int
    end: int
    page: int | None
    score: float


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


def quotations(
    question: str,
    hits: Sequence[Hit],
    index: LexicalIndex,
    *,
    n: int = 2,
    weights: Floats | None = None,
) -> tuple[Quotation, ...]:
    """Return the sentences that most probably hold the answer.

    Parameters
    ----------
    question : str
        As asked.
    hits : sequence of Hit
        Best first; the first five are read.
    index : LexicalIndex
        Passages' index, for how rare each term is.
    n : int
        At most so many sentences; they stand in the order of their score.
    weights : ndarray of shape (len(SENTENCE_FEATURES),), optional
        Of the sentence features; None means those that ship.

    Returns
    -------
    tuple of Quotation
        Empty if there is no hit. A sentence that two passages share is quoted once.
    """
    found = sentence_features(question, hits, index)
    if not found.hits:
        return ()
    used = shipped_sentence_weights() if weights is None else weights
    scores = found.features @ used
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    quoted: list[Quotation] = []
    taken: set[tuple[str, int]] = set()
    for at in np.argsort(-scores, kind="stable"):
        passage = hits[found.hits[at]].passage
        start, end = found.spans[at]
        if (passage.document_id, start) in taken:
            continue
        taken.add((passage.document_id, start))
        quoted.append(
            Quotation(
                text=passage.text[start - passage.start : end - passage.start],
                passage_id=passage.passage_id,
                document_id=passage.document_id,
                start=start,
                end=end,
                page=passage.page_at(start),
                score=float(shares[at]),
            )
        )
        if len(quoted) == n:
            break
    return tuple(quoted)


def shipped_sentence_weights() -> Floats:
    """Return the sentence weights that ship with the library."""
    import json
    from importlib.resources import files

    text = files("assay.retrieval").joinpath("defaults.json").read_text("utf-8")
    stored = json.loads(text)["sentences"]
    return np.array([stored[name] for name in SENTENCE_FEATURES], dtype=np.float64)


def sentence_features(
    question: str, hits: Sequence[Hit], index: LexicalIndex
) -> Sentences:
    """Return the sentences of the first five hits with their features."""
    asked = list(dict.fromkeys(terms(question)))
    gain = {term: index.idf(term) for term in asked}
    total = max(sum(gain.values()), 1e-6)
    in_order = terms(question)
    pairs = set(itertools.pairwise(in_order))
    wants = _wanted_kinds(question)
    leading = hits[:N_PASSAGES]
    best = max((hit.score for hit in leading), default=0.0)
    numbers: list[int] = []
    spans: list[tuple[int, int]] = []
    rows: list[list[float]] = []
    for number, hit in enumerate(leading):
        text = hit.passage.text
        cut = sentence_spans(text)
        found = [terms(text[start:end]) for start, end in cut]
        covered = [sum(gain[t] for t in set(f) if t in gain) / total for f in found]
        for at, (start, end) in enumerate(cut):
            around = set(found[at]).union(*found[max(at - 1, 0) : at + 2])
            own = [
                covered[at],
                covered[at] - max(covered),
                sum(gain[t] for t in around if t in gain) / total,
                _pair_share(found[at], pairs),
                max(hit.score - best, -5.0),
                float(number == 0),
                float(at == 0),
                float(np.log1p(len(found[at]))),
                float(len(found[at]) < 4),
            ]
            rows.append(
                own + _answer_kind(question, text[start:end], found[at], gain, wants)
            )
            numbers.append(number)
            spans.append((start + hit.passage.start, end + hit.passage.start))
    shape = (len(rows), len(SENTENCE_FEATURES))
    return Sentences(tuple(numbers), tuple(spans), np.array(rows).reshape(shape))


def _wanted_kinds(question: str) -> tuple[bool, bool, bool]:
    return (
        _NUMBER_ASKED.search(question) is not None,
        _YEAR_ASKED.search(question) is not None,
        _NAME_ASKED.search(question) is not None,
    )


def _pair_share(found: Sequence[str], pairs: set[tuple[str, str]]) -> float:
    if not pairs:
        return 0.0
    near = set(itertools.pairwise(found))
    near |= set(zip(found, found[2:], strict=False))
    return len(pairs & near) / len(pairs)


def _answer_kind(
    question: str,
    sentence: str,
    found: Sequence[str],
    gain: dict[str, float],
    wants: tuple[bool, bool, bool],
) -> list[float]:
    new = {term for term in found if term not in gain}
    has_number = any(is_number(term) and not is_year(term) for term in new)
    has_year = any(is_year(term) for term in new) or _MONTH.search(sentence) is not None
    asked = set(words(question))
    has_name = any(
        stem(word) not in gain and word not in STOP_WORDS and word not in asked
        for name in re.findall(r"(?<!^)\b[A-Z][\w'-]+", sentence)
        for word in words(name)
    )
    has = (has_number, has_year, has_name)
    return [
        float(np.log1p(len(new))),
        *(float(want and there) for want, there in zip(wants, has, strict=True)),
        float(any(want and not there for want, there in zip(wants, has, strict=True))),
        float(sentence.rstrip().endswith("?")),
    ]
