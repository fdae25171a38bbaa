"""A report as Markdown, for a Prefect artifact or a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.pages.parts import Document, Section


def markdown_page(document: Document, images: Mapping[str, str] | None = None) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    document : Document
        The report.
    images : mapping of name to URL, optional
        Where the pictures are; one without URL is only named.
    """
    lines = [f"# {_plain(document.title)}", "", f"**{_plain(document.summary)}**", ""]
    lines += _table(("", ""), document.facts)
    for section in document.sections:
        lines += ["", *_section(section, images or {})]
    return "\n".join(lines) + "\n"


def _section(section: Section, images: Mapping[str, str]) -> list[str]:
    lines = [f"## {_plain(section.title)}"]
    for text in section.paragraphs:
        lines += ["", _plain(text)]
    if section.bullets:
        lines += ["", *(f"- {_plain(text)}" for text in section.bullets)]
    for grid in section.grids:
        lines += ["", f"*{_plain(grid.caption)}*"] if grid.caption else []
        lines += ["", *_table(grid.columns, grid.rows)]
    for picture in section.pictures:
        caption, url = _plain(picture.caption), images.get(picture.name)
        lines += ["", f"![{caption}]({url})" if url else f"(figure: {picture.name})"]
        lines += ["", f"*{caption}*"]
    if section.code:
        lines += ["", "```python", section.code.rstrip(), "```"]
    return lines


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_line(columns), f"|{'---|' * len(columns)}", *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """Return text that neither ends a cell nor starts markup of its own."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
