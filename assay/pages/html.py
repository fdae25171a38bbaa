"""A report as one self-contained HTML page: no script, no outside file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from assay.pages.parts import Document, Grid, Picture, Section

_STYLE = """
:root { --ink: #1d2430; --soft: #5b6472; --line: #e1e4ea; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 84rem; margin: 2rem auto; padding: 2.5rem 3rem 3rem;
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
p, li { max-width: 50rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
.kicker { color: var(--soft); font-size: .85rem; }
.summary { font-size: 1.1rem; padding: .9rem 1.1rem; border-left: 5px solid;
  border-radius: 4px; max-width: none; }
.good { border-color: #2d7d46; background: #eef7f0; }
.doubt { border-color: #b7791f; background: #fdf6e7; }
.bad { border-color: #b3401f; background: #fcefeb; }
dl { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0 0; }
dl div { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .9rem; }
dt { color: var(--soft); font-size: .78rem; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .88rem; width: 100%; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; font-size: .8rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 1rem 0; flex: 1 1 26rem; max-width: 34rem; }
img { max-width: 100%; display: block; }
figcaption { color: var(--soft); font-size: .85rem; }
@media (max-width: 45rem) { main { margin: 0; padding: 1.2rem; border: 0; } }
@media print { body { background: #fff; } main { border: 0; margin: 0; } }
"""


def _no_class(*_: object) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Look:
    """How the pages of one kind differ from others.

    Attributes
    ----------
    verdicts : mapping of str to str
        ``"good"``, ``"doubt"`` or ``"bad"`` for each verdict's word.
    style : str
        CSS behind the common one.
    of_column : callable
        From the texts of a column to the class of its head and cells.
    of_cell : callable
        From a column's name and a text to the class of the cell.
    """

    verdicts: dict[str, str]
    style: str = ""
    of_column: Callable[[Sequence[str]], str] = _no_class
    of_cell: Callable[[str, str], str] = _no_class


def html_page(document: Document, look: Look) -> str:
    """Return the report as an HTML page that needs nothing else.

    Raises
    ------
    ValueError
        If a row is not as wide as its table.
    """
    title = escape(document.title)
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in document.facts
    )
    body = "\n".join(_section(section, look) for section in document.sections)
    verdict = look.verdicts[document.verdict]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}{look.style}</style></head>\n"
        f'<body><main>\n<div class="kicker">{escape(document.kind)}</div>\n'
        f'<h1>{title}</h1>\n<p class="summary {verdict}">{escape(document.summary)}</p>\n'
        f"<dl>{facts}</dl>\n{body}\n</main></body></html>\n"
    )


def _section(section: Section, look: Look) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    parts += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
    if section.bullets:
        items = "".join(f"<li>{escape(text)}</li>" for text in section.bullets)
        parts.append(f"<ul>{items}</ul>")
    parts += [_table(grid, look) for grid in section.grids]
    if section.pictures:
        pictures = "".join(_figure(picture) for picture in section.pictures)
        parts.append(f'<div class="figures">{pictures}</div>')
    if section.code:
        parts.append(f"<pre><code>{escape(section.code)}</code></pre>")
    return "\n".join(parts)


def _table(grid: Grid, look: Look) -> str:
    columns = [
        look.of_column([row[at] for row in grid.rows]) for at in range(len(grid.columns))
    ]
    caption = f"<caption>{escape(grid.caption)}</caption>" if grid.caption else ""
    head = "".join(
        f"<th{_class(of_column)}>{escape(name)}</th>"
        for name, of_column in zip(grid.columns, columns, strict=True)
    )
    states = grid.states or ("",) * len(grid.rows)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(of_column or look.of_cell(name, text))}>"
            f"{_cell(text, name, state)}</td>"
            for name, of_column, text in zip(grid.columns, columns, row, strict=True)
        )
        + "</tr>"
        for row, state in zip(grid.rows, states, strict=True)
    )
    return (
        f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(text: str, column: str, state: str) -> str:
    if column == "state" and state:
        return f'<span class="state {state}">{escape(text)}</span>'
    return escape(text)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.content).decode()
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
