"""A report as one self-contained HTML page: no script, no outside file."""

from __future__ import annotations

import base64
import re
from html import escape

from assay.promotion.report.parts import Document, Grid, Picture, Section

STYLE = """
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
.promote { border-color: #2d7d46; background: #eef7f0; }
.refuse { border-color: #b3401f; background: #fcefeb; }
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
td.from { color: var(--soft); font: .78rem ui-monospace, monospace; }
td.figure { white-space: nowrap; }
td.failed { color: #8a2c12; font-weight: 700; }
td.kept { color: #1f5c33; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 1rem 0; flex: 1 1 26rem; max-width: 34rem; }
img { max-width: 100%; display: block; }
figcaption { color: var(--soft); font-size: .85rem; }
@media (max-width: 45rem) { main { margin: 0; padding: 1.2rem; border: 0; } }
@media print { body { background: #fff; } main { border: 0; margin: 0; } }
"""


_FIGURE = re.compile(r"[+-]?[\d.]+ \[[+-]?[\d.]+, [+-]?[\d.]+\]")


def html_page(document: Document) -> str:
    """Return the report as an HTML page that needs nothing else."""
    title = escape(document.title)
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in document.facts
    )
    body = "\n".join(_section(section) for section in document.sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style></head>\n<body><main>\n"
        f'<div class="kicker">{escape(document.kind)}</div>\n<h1>{title}</h1>\n'
        f'<p class="summary {document.verdict}">{escape(document.summary)}</p>\n'
        f"<dl>{facts}</dl>\n{body}\n</main></body></html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    parts += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
    if section.bullets:
        items = "".join(f"<li>{escape(text)}</li>" for text in section.bullets)
        parts.append(f"<ul>{items}</ul>")
    parts += [_table(grid) for grid in section.grids]
    if section.pictures:
        pictures = "".join(_figure(picture) for picture in section.pictures)
        parts.append(f'<div class="figures">{pictures}</div>')
    return "\n".join(parts)


def _table(grid: Grid) -> str:
    caption = f"<caption>{escape(grid.caption)}</caption>" if grid.caption else ""
    head = "".join(f"<th>{escape(name)}</th>" for name in grid.columns)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{_class(name, text)}>{escape(text)}</td>"
            for name, text in zip(grid.columns, row, strict=True)
        )
        + "</tr>"
        for row in grid.rows
    )
    return (
        f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _class(column: str, text: str) -> str:
    if column == "from":
        return ' class="from"'
    if _FIGURE.fullmatch(text):
        return ' class="figure"'
    return f' class="{text}"' if text in ("failed", "kept") else ""


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.content).decode()
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
