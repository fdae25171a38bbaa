"""Words for the lexical side: stems, numbers whole, quarters and years in one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from assay.retrieval.words.stemming import stem

_WORD = re.compile(
    r"\d[\d,]*(?:\.\d+)?(?:[a-z][^\W_]*)?|[^\W\d_](?:[^\W_]|['\u2019](?=[a-z]))*"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_FISCAL = re.compile(r"(?:fy|cy)(\d{2}|\d{4})")
_QUARTER = re.compile(r"(?:([1-4])q|q([1-4]))(\d{2}|\d{4})?")
_ORDINALS = {"first": "q1", "second": "q2", "third": "q3", "fourth": "q4"}
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "over",
        "she",
        "so",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)


def words(text: str) -> list[str]:
    """Return the words of a text in order, normalised but not stemmed.

    Numbers stay whole without thousands separators and trailing zeros (``1,452.40`` is
    ``1452.4``), ``FY22`` is ``2022``, ``Q1`` and ``first quarter`` are ``q1``.

    Examples
    --------
    >>> words("The first quarter's revenue was $1,452.40 million in FY22.")
    ['the', 'q1', 'revenue', 'was', '1452.4', 'million', 'in', '2022']
    """
    if not text.isascii():
        text = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", text)
            if not unicodedata.combining(letter)
        )
    found: list[str] = []
    for raw in _WORD.findall(text.lower()):
        if raw[0].isdigit():
            found += _number(raw)
            continue
        word = raw.replace("\u2019", "'").removesuffix("'s")
        if word == "quarter" and found and found[-1] in _ORDINALS:
            found[-1] = _ORDINALS[found[-1]]
            continue
        found += _fiscal(word) if len(word) <= 6 else (word,)
    return found


def terms(text: str) -> list[str]:
    """Return the stems of a text's words in order, stop words left out.

    Examples
    --------
    >>> terms("What were the total sales in 2019?")
    ['total', 'sale', '2019']
    """
    return stems(words(text))


def stems(found: Iterable[str]) -> list[str]:
    """Return the stems of words in order, stop words left out."""
    return [stem(word) for word in found if word not in STOP_WORDS]


def is_number(term: str) -> bool:
    """Return whether a term is a number.

    Examples
    --------
    >>> is_number("1452.4"), is_number("q1")
    (True, False)
    """
    return _NUMBER.fullmatch(term) is not None


def is_year(term: str) -> bool:
    """Return whether a term can be a fiscal year between 1950 and 2099."""
    return len(term) == 4 and term.isdigit() and "1950" <= term <= "2099"


def _number(raw: str) -> tuple[str, ...]:
    quarter = _QUARTER.fullmatch(raw)
    if quarter:
        year = (_four_digits(quarter[3]),) if quarter[3] else ()
        return (f"q{quarter[1]}", *year)
    number = raw.replace(",", "")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return (number,)


def _fiscal(word: str) -> tuple[str, ...]:
    year = _FISCAL.fullmatch(word)
    if year:
        return (_four_digits(year[1]),)
    quarter = _QUARTER.fullmatch(word)
    if quarter and quarter[3]:
        return (f"q{quarter[1] or quarter[2]}", _four_digits(quarter[3]))
    return (word,)


def _four_digits(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"
