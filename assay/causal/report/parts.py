"""What a report is made of: tables, pictures, sections, the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: names of the columns, rows of text, and a caption."""

    columns: Row
    rows: tuple[Row, ...]
    caption: str = ""
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with its name and caption."""

    name: str
    content: bytes
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with paragraphs, tables, pictures and code, in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    pictures: tuple[Picture, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report.

    Attributes
    ----------
    title : str
        The question.
    verdict : str
        ``"report"``, ``"warn"`` or ``"withhold"``.
    summary : str
        The answer in a sentence, or why there is none.
    facts : tuple of (str, str)
        What a reader looks for first.
    sections : tuple of Section
    """

    title: str
    verdict: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default_factory=tuple)
