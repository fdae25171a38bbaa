"""What a language model wrote, held against the passages that it names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from assay.errors import DataError
from assay.retrieval.answers.safety import has_instruction
from assay.retrieval.parts.passages import sentence_spans
from assay.retrieval.types import Passage
from assay.retrieval.words.tokens import is_number, terms, words

LEAST_SUPPORT = 0.6
_DENIALS = frozenset(
    ["cannot", "neither", "never", "no", "none", "nor", "not", "without"]
)
_MOST_SENTENCES, _LONGEST = 10, 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a language model and what it rests on.

    Attributes
    ----------
    text : str
        The sentence.
    passage : Passage
        The passage that supports it.
    start, end : int
        Span, in the document, of the passage's sentence that says most of it.
    support : float
        Share of the sentence's terms that the passage holds, in [0, 1].
    """

    text: str
    passage: Passage
    start: int
    end: int
    support: float


def claims_of(written: str, passages: Sequence[Passage]) -> tuple[list[Claim], int]:
    """Return the sentences that a cited passage supports, and how many were cut.

    A sentence stays if one sentence of a passage that it names, with the title and
    heading above, holds every number of it and at least `LEAST_SUPPORT` of its terms,
    and either both deny something or neither does.

    Parameters
    ----------
    written : str
        JSON as the prompt asks for, possibly fenced as code.
    passages : sequence of Passage
        Passage 1 of the prompt first.

    Raises
    ------
    DataError
        If it is no such JSON.
    """
    sentences = _sentences(written)
    claims = []
    for text, numbers in sentences:
        cited = [passages[n - 1] for n in numbers if 0 < n <= len(passages)]
        found = [claim for one in cited if (claim := _claim(text, one)) is not None]
        if found and not has_instruction(text):
            claims.append(max(found, key=lambda claim: claim.support))
    return claims, len(sentences) - len(claims)


def _claim(text: str, passage: Passage) -> Claim | None:
    said = set(terms(text))
    figures = {term for term in said if is_number(term)}
    above = set(terms(f"{passage.title}\n{passage.heading}"))
    above.add(str(passage.metadata.fiscal_year))
    best: Claim | None = None
    for start, end in sentence_spans(passage.text):
        sentence = passage.text[start:end]
        own = set(terms(sentence))
        held = own | above
        # Figures of two sentences must not meet in one claim.
        if not said & own or not figures <= held or _denies(text) != _denies(sentence):
            continue
        support = len(said & held) / len(said)
        if support >= LEAST_SUPPORT and (best is None or support > best.support):
            at = passage.start
            best = Claim(text, passage, at + start, at + end, support)
    return best


def _denies(text: str) -> bool:
    found = words(text)
    return any(word in _DENIALS or word.endswith("n't") for word in found)


def _sentences(written: str) -> list[tuple[str, list[int]]]:
    text = re.sub(r"^\s*```(?:json)?\s*|\s*```\s*$", "", written)
    try:
        stored = json.loads(text)["sentences"]
        found = [(one["text"], one["passages"]) for one in stored]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            "the language model gave no JSON object with 'sentences'"
        ) from error
    right = all(
        isinstance(text, str)
        and len(text) <= _LONGEST
        and isinstance(numbers, list)
        and all(type(number) is int for number in numbers)
        for text, numbers in found
    )
    if not right or len(found) > _MOST_SENTENCES:
        raise DataError("the language model's sentences are not of the form asked for")
    return [(" ".join(text.split()), numbers) for text, numbers in found]
