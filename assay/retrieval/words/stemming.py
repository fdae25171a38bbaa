"""English Snowball stems (Porter2), so that ``filings`` finds ``filing``."""

from __future__ import annotations

import re
from functools import lru_cache

_VOWEL = "aeiouy"
_DOUBLE = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_LI_ENDING = "cdeghkmnrt"
_REGION = re.compile(r"[aeiouy][^aeiouy]")
_SHORT_END = re.compile(r"(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$")
_SPECIAL = {
    "skis": "ski",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "idly": "idl",
    "gently": "gentl",
    "ugly": "ugli",
    "early": "earli",
    "only": "onli",
    "singly": "singl",
}
_INVARIANT = ("sky", "news", "howe", "atlas", "cosmos", "bias", "andes")
_AFTER_1A = (
    "inning",
    "outing",
    "canning",
    "herring",
    "earring",
    "proceed",
    "exceed",
    "succeed",
)
_STEP2 = (
    ("ization", "ize"),
    ("ational", "ate"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("iveness", "ive"),
    ("tional", "tion"),
    ("biliti", "ble"),
    ("lessli", "less"),
    ("entli", "ent"),
    ("ation", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("ousli", "ous"),
    ("iviti", "ive"),
    ("fulli", "ful"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("abli", "able"),
    ("izer", "ize"),
    ("ator", "ate"),
    ("alli", "al"),
    ("bli", "ble"),
)
_STEP3 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("alize", "al"),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ness", ""),
    ("ful", ""),
)
_STEP4 = (
    "ement",
    "ance",
    "ence",
    "able",
    "ible",
    "ment",
    "ant",
    "ent",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "ion",
    "al",
    "er",
    "ic",
)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """Return the Snowball (Porter2) stem of a lower-case English word.

    Parameters
    ----------
    word : str
        Lower case. Words of one or two letters and words with other characters than
        ASCII letters and apostrophes come back as they are.

    References
    ----------
    M. F. Porter, "The English (Porter2) stemming algorithm", snowballstem.org.

    Examples
    --------
    >>> stem("companies"), stem("operating"), stem("revenues")
    ('compani', 'oper', 'revenu')
    """
    if len(word) <= 2:
        return word
    word = word.removeprefix("'")
    if word in _SPECIAL:
        return _SPECIAL[word]
    if word in _INVARIANT:
        return word
    word = _mark_consonant_y(word)
    first, second = _regions(word)
    for ending in ("'s'", "'s", "'"):
        if word.endswith(ending):
            word = word[: -len(ending)]
            break
    word = _plural(word)
    if word in _AFTER_1A:
        return word
    word = _past(word, first)
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in _VOWEL:
        word = word[:-1] + "i"
    word = _derived(word, first)
    word = _adjective(word, first, second)
    word = _suffix(word, second)
    return _final(word, first, second).replace("Y", "y")


def _mark_consonant_y(word: str) -> str:
    if word.startswith("y"):
        word = "Y" + word[1:]
    return re.sub(r"([aeiouy])y", r"\1Y", word)


def _regions(word: str) -> tuple[int, int]:
    for prefix in ("gener", "commun", "arsen"):
        if word.startswith(prefix):
            first = len(prefix)
            break
    else:
        found = _REGION.search(word)
        first = found.end() if found else len(word)
    found = _REGION.search(word, first)
    return first, found.end() if found else len(word)


def _plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    has_vowel = any(letter in _VOWEL for letter in word[:-2])
    if word.endswith("s") and not word.endswith(("us", "ss")) and has_vowel:
        return word[:-1]
    return word


def _past(word: str, first: int) -> str:
    for ending in ("eedly", "eed"):
        if word.endswith(ending):
            at = len(word) - len(ending)
            return word[:at] + "ee" if at >= first else word
    for ending in ("ingly", "edly", "ing", "ed"):
        if word.endswith(ending):
            shorter = word[: -len(ending)]
            if not any(letter in _VOWEL for letter in shorter):
                return word
            if shorter.endswith(("at", "bl", "iz")):
                return shorter + "e"
            if shorter.endswith(_DOUBLE):
                return shorter[:-1]
            return shorter + "e" if _is_short(shorter, first) else shorter
    return word


def _is_short(word: str, first: int) -> bool:
    return first >= len(word) and _SHORT_END.search(word) is not None


def _derived(word: str, first: int) -> str:
    for ending, shorter in _STEP2:
        if word.endswith(ending):
            at = len(word) - len(ending)
            return word[:at] + shorter if at >= first else word
    if word.endswith("ogi"):
        inside = len(word) - 3 >= first and word[-4:-3] == "l"
        return word[:-1] if inside else word
    if word.endswith("li"):
        inside = len(word) - 2 >= first and word[-3:-2] in tuple(_LI_ENDING)
        return word[:-2] if inside else word
    return word


def _adjective(word: str, first: int, second: int) -> str:
    for ending, shorter in _STEP3:
        if word.endswith(ending):
            at = len(word) - len(ending)
            return word[:at] + shorter if at >= first else word
    if word.endswith("ative"):
        at = len(word) - 5
        return word[:at] if at >= second else word
    return word


def _suffix(word: str, second: int) -> str:
    for ending in _STEP4:
        if word.endswith(ending):
            at = len(word) - len(ending)
            if at < second or (ending == "ion" and word[at - 1 : at] not in ("s", "t")):
                return word
            return word[:at]
    return word


def _final(word: str, first: int, second: int) -> str:
    at = len(word) - 1
    if word.endswith("e"):
        short = _SHORT_END.search(word[:-1]) is not None
        if at >= second or (at >= first and not short):
            return word[:-1]
    elif word.endswith("ll") and at >= second:
        return word[:-1]
    return word
