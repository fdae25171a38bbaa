"""A report as Markdown, for a Prefect artifact or a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from assay.causal.report.parts import Document, Grid, Section


def markdown_report(document: Document, images: Mapping[str, str] | None = None) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    document : Document
        From `effect_document`.
    images : mapping of name to URL, optional
        Where the pictures are; one without URL is only named.
    """
    where = images or {}
    lines = [f"# {_inline(document.title)}", "", f"**{_inline(document.summary)}**", ""]
    lines += _table(("", ""), document.facts)
    for section in document.sections:
        lines += ["", *_section(section, where)]
    return "\n".join(lines) + "\n"


def _section(section: Section, images: Mapping[str, str]) -> list[str]:
    lines = [f"## {section.title}", ""]
    for text in section.paragraphs:
        lines += [_inline(text), ""]
    if section.bullets:
        lines += [*(f"- {_inline(text)}" for text in section.bullets), ""]
    for grid in section.grids:
        lines += _grid(grid)
    for picture in section.pictures:
        url = images.get(picture.name)
        shown = f"![{picture.caption}]({url})" if url else f"(figure: {picture.name})"
        lines += [shown, "", f"*{picture.caption}*", ""]
    if section.code:
        lines += ["```python", section.code.rstrip(), "```", ""]
    return lines[:-1]


def _grid(grid: Grid) -> list[str]:
    caption = [f"*{_inline(grid.caption)}*", ""] if grid.caption else []
    return [*caption, *_table(grid.columns, grid.rows), ""]


def _table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(_inline(cell) for cell in cells)} |"

    rule = f"|{'---|' * len(columns)}"
    return [line(columns), rule, *(line(row) for row in rows)]


def _inline(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
