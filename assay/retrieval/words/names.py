"""Names in a question, and which of them an index does not know."""

from __future__ import annotations

import re
from collections.abc import Callable

from assay.retrieval.words.tokens import STOP_WORDS, words

LEGAL_FORMS = frozenset(
    [
        "ag",
        "co",
        "company",
        "companies",
        "corp",
        "corporation",
        "group",
        "holding",
        "holdings",
        "inc",
        "incorporated",
        "international",
        "limited",
        "llc",
        "lp",
        "ltd",
        "nv",
        "plc",
        "sa",
        "se",
        "the",
    ]
)
EVERYDAY = frozenset(
    [
        "all",
        "american",
        "block",
        "best",
        "block",
        "bank",
        "capital",
        "energy",
        "financial",
        "first",
        "ford",
        "gap",
        "general",
        "global",
        "key",
        "match",
        "national",
        "new",
        "open",
        "progressive",
        "public",
        "snap",
        "square",
        "state",
        "target",
        "trade",
        "unity",
        "united",
        "us",
        "visa",
        "western",
    ]
)
_OPENERS = STOP_WORDS | frozenset(
    [
        "according",
        "can",
        "compare",
        "could",
        "describe",
        "does",
        "during",
        "explain",
        "find",
        "give",
        "has",
        "is",
        "list",
        "name",
        "please",
        "regarding",
        "should",
        "show",
        "since",
        "state",
        "summarise",
        "summarize",
        "tell",
        "under",
        "were",
    ]
)
_GENERIC = (
    LEGAL_FORMS
    | EVERYDAY
    | STOP_WORDS
    | frozenset(
        [
            "april",
            "august",
            "ceo",
            "cet1",
            "cfo",
            "coo",
            "december",
            "ebit",
            "ebitda",
            "eps",
            "esg",
            "eu",
            "eur",
            "february",
            "fy",
            "gaap",
            "gbp",
            "ifrs",
            "january",
            "july",
            "june",
            "march",
            "may",
            "november",
            "october",
            "roa",
            "roe",
            "september",
            "uk",
            "usa",
            "usd",
        ]
    )
)
PERIOD = re.compile(r"q[1-4]|h[12]")
NAME = re.compile(
    r"\b[A-Z][\w&'\u2019.-]*(?:\s+(?:&\s+|of\s+|and\s+)?[A-Z][\w&'\u2019.-]*)*",
    re.UNICODE,
)


def unknown_names(question: str, is_known: Callable[[str], bool]) -> tuple[str, ...]:
    """Return capitalised names of a question that the index does not know.

    The first word of a name that is neither a legal form nor an everyday word tells:
    an index that knows ``energy`` still does not know ``Velmora Energy``.

    Parameters
    ----------
    question : str
        As the user wrote it.
    is_known : callable
        Whether a word, lower case and not stemmed, is one of the index.

    Returns
    -------
    tuple of str
        In order; empty also where the question is written without capitals.
    """
    unknown = []
    for found in NAME.finditer(question):
        for name in re.split(r"\s+and\s+", found.group()):
            at_start = found.start() == 0 and found.group().startswith(name)
            telling = _telling_words(name, at_start=at_start)
            if telling and not is_known(telling[0]):
                unknown.append(re.sub(r"['\u2019]s$|[.'\u2019]+$", "", name))
    return tuple(dict.fromkeys(unknown))


def _telling_words(name: str, *, at_start: bool) -> list[str]:
    raw = name.split()
    if at_start and (len(raw) > 1 or not name.endswith(("'s", "\u2019s"))):
        # The capital of a question's first word says nothing.
        raw = raw[1:] if len(raw) == 1 or raw[0].lower() in _OPENERS else raw
    return [
        word
        for word in words(" ".join(raw))
        if word[0].isalpha() and word not in _GENERIC and not PERIOD.fullmatch(word)
    ]
