"""Up to two quoted sentences that answer, each located in its document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.answers.sentences import SENTENCE_FEATURES, sentence_features
from assay.retrieval.parts import SearchParts
from assay.retrieval.types import Hit

Floats = NDArray[np.float64]


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


def quotations(
    question: str,
    hits: Sequence[Hit],
    parts: SearchParts,
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
        Best first, found in the index of `parts`; the first five are read.
    parts : SearchParts
        The index.
    n : int
        At most so many sentences; they stand in the order of their score.
    weights : ndarray of shape (len(SENTENCE_FEATURES),), optional
        Of the sentence features; None means those that ship.

    Returns
    -------
    tuple of Quotation
        Empty if there is no hit. A sentence that two passages share is quoted once.
    """
    found = sentence_features(question, hits, parts)
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


@cache
def shipped_sentence_weights() -> Floats:
    """Return the sentence weights that ship with the library."""
    text = files("assay.retrieval").joinpath("defaults.json").read_text("utf-8")
    stored = json.loads(text)["sentences"]
    return np.array([stored[name] for name in SENTENCE_FEATURES], dtype=np.float64)
