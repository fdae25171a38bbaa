"""What a page is made of: tables, pictures, sections, the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: names of the columns, rows of text, and a caption.

    Where there are `states`, one a row, they colour the cells of the column ``state``.
    """

    columns: Row
    rows: tuple[Row, ...]
    caption: str = ""
    states: Row = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with its name and caption, which says what its figures came from."""

    name: str
    content: bytes
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with paragraphs, bullets, tables, pictures and code, in this order."""

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
    kind, title, summary : str
        What it is, whom or what it is about, and its verdict in a sentence.
    verdict : str
        A word for the verdict that the look of the page knows.
    facts : tuple of (str, str)
        What a reader looks for first.
    sections : tuple of Section
    """

    kind: str
    title: str
    summary: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = ()
