"""Passages: sentences and headings with exact spans, packed with overlap."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from assay.errors import ConfigError
from assay.retrieval.types import Document, Passage

_BREAK = re.compile(r"[.!?]+[\"'”\u2019)\]]*(?=\s)|\n[ \t]*\n|\n")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|no|nos|inc|corp|co|ltd|llc|fig|figs|eq|approx"
    r"|dept|est|gen|gov|sen|rep|rev|vol|pp|al|cf|e\.g|i\.e|u\.s|u\.k|jan|feb|mar|apr|jun"
    r"|jul|aug|sep|sept|oct|nov|dec)|\b[a-z]|\b(?:[a-z]\.)+[a-z])\.$",
    re.IGNORECASE,
)
_HEADING = re.compile(r"#{1,6}\s+\S|(?:item|part|note)\s+\d+[a-z]?\b", re.IGNORECASE)
_NUMBERED = re.compile(r"#{0,6}\s*(?:item|part|note)\s+\d+[a-z]?", re.IGNORECASE)
_LONGEST_SENTENCE = 600


@dataclass(frozen=True, slots=True)
class PassageRules:
    """How documents are cut.

    Attributes
    ----------
    max_characters : int
        Longest passage, headings apart. A single longer sentence is cut at spaces.
    overlap_characters : int
        At most this much of a passage's end, in whole sentences, begins the next one.
    whole_characters : int
        A document no longer than this stays one passage.
    """

    max_characters: int = 1000
    overlap_characters: int = 150
    whole_characters: int = 2000

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_characters < self.max_characters:
            raise ConfigError(
                f"overlap_characters is {self.overlap_characters}; it must be at least 0 "
                f"and less than max_characters, {self.max_characters}"
            )


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences, headings and table rows.

    Returns
    -------
    list of (start, end)
        Ascending, disjoint, without surrounding white space; together they hold every
        character of `text` that is not white space. None is longer than 600 characters.

    Examples
    --------
    >>> text = "Sales rose 4.2% to $1.3 million. Mr. Hart agreed."
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['Sales rose 4.2% to $1.3 million.', 'Mr. Hart agreed.']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _BREAK.finditer(text):
        if found.start() < start or not _ends_sentence(text, start, found):
            continue
        _append(spans, text, start, found.end())
        start = found.end()
    _append(spans, text, start, len(text))
    return spans


def cut_passages(
    document: Document, rules: PassageRules | None = None
) -> tuple[Passage, ...]:
    """Cut a document into passages at sentences and headings.

    Parameters
    ----------
    document : Document
        Any text, also an empty one, which has no passage.
    rules : PassageRules, optional
        Sizes; the defaults fit an embedding window of 256 word pieces.

    Returns
    -------
    tuple of Passage
        In order. `text` of each is exactly its span of the document's text; every
        sentence is in at least one.
    """
    rules = rules or PassageRules()
    text = document.text
    spans = sentence_spans(text)
    if not spans:
        return ()
    if spans[-1][1] - spans[0][0] <= rules.whole_characters:
        return (_passage(document, spans[0][0], spans[-1][1], ""),)
    passages: list[Passage] = []
    group: list[tuple[int, int]] = []
    heading, group_heading = "", ""
    for span in spans:
        is_heading = is_heading_line(text, *span)
        length = span[1] - group[0][0] if group else 0
        if group and (
            length > rules.max_characters
            or (is_heading and length > rules.max_characters // 2)
        ):
            passages.append(_passage(document, group[0][0], group[-1][1], group_heading))
            group = [] if is_heading else _overlap(group, span, rules)
            group_heading = heading
        if is_heading:
            heading = text[span[0] : span[1]].lstrip("# ").strip()
        if not group:
            group_heading = heading
        group.append(span)
    passages.append(_passage(document, group[0][0], group[-1][1], group_heading))
    return tuple(passages)


def is_heading_line(text: str, start: int, end: int) -> bool:
    """Return whether a span stands on its own line and reads like a heading."""
    line = text[start:end]
    alone = (start == 0 or text[:start].rstrip(" \t").endswith("\n")) and (
        end == len(text) or text[end:].lstrip(" \t").startswith("\n")
    )
    if not line or not alone or len(line) > 120 or line[-1] in ".!?;,":
        return False
    if _HEADING.match(line):
        return True
    letters = [letter for letter in line if letter.isalpha()]
    return len(letters) >= 8 and "|" not in line and line.upper() == line


def _ends_sentence(text: str, start: int, found: re.Match[str]) -> bool:
    mark = found.group()
    while start < found.start() and text[start].isspace():
        start += 1
    after = text[found.end() : found.end() + 2].lstrip()
    if mark.startswith("\n"):
        if mark != "\n":
            return True
        line = text[start : found.start()].strip()
        following = text[found.end() : text.find("\n", found.end()) % (len(text) + 1)]
        return (
            "|" in line
            or "|" in following
            or is_heading_line(text, start, found.start())
            or _HEADING.match(following.lstrip()) is not None
            or following.lstrip()[:1] in ("•", "-", "*", "\u2013")
            or found.start() - start > _LONGEST_SENTENCE // 2
        )
    if found.start() > 0 and text[found.start() - 1] == " ":
        return True
    if not mark.startswith("."):
        return True
    if after and after[0].islower():
        return False
    if _NUMBERED.fullmatch(text, start, found.start()):
        return False
    head = text[max(start, found.start() - 12) : found.start() + 1]
    return _ABBREVIATION.search(head) is None


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > _LONGEST_SENTENCE:
        window = text[start : start + _LONGEST_SENTENCE]
        cut = max(window.rfind("\n"), window.rfind("; "), window.rfind(" "))
        at = start + (cut if cut > 0 else _LONGEST_SENTENCE)
        spans.append((start, at))
        start = at
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        spans.append((start, end))


def _overlap(
    group: list[tuple[int, int]], span: tuple[int, int], rules: PassageRules
) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for previous in reversed(group[1:]):
        too_much = group[-1][1] - previous[0] > rules.overlap_characters
        if too_much or span[1] - previous[0] > rules.max_characters:
            break
        kept.insert(0, previous)
    return kept


def _passage(document: Document, start: int, end: int, heading: str) -> Passage:
    first = bisect_right(document.pages, start)
    last = bisect_left(document.pages, end)
    return Passage(
        passage_id=f"{document.document_id}#{start}-{end}",
        document_id=document.document_id,
        text=document.text[start:end],
        start=start,
        end=end,
        page=first if document.pages else None,
        title=document.title,
        heading=heading,
        metadata=document.metadata,
        page_starts=tuple(document.pages[first:last]),
    )
