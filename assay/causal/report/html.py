"""A report as one self-contained HTML page: no script, no outside file."""

from __future__ import annotations

import base64
from html import escape

from assay.causal.report.parts import Document, Grid, Picture, Section

STYLE = """
:root { --ink: #1d2430; --soft: #5b6472; --line: #e1e4ea; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 2.5rem 3rem 3rem;
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: .2rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.kicker { color: var(--soft); font-size: .85rem; }
.summary { font-size: 1.1rem; padding: .9rem 1.1rem; border-left: 5px solid;
  border-radius: 4px; max-width: none; }
.report { border-color: #2d7d46; background: #eef7f0; }
.warn { border-color: #b7791f; background: #fdf6e7; }
.withhold { border-color: #b3401f; background: #fcefeb; }
dl { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0 0; }
dl div { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .9rem; }
dt { color: var(--soft); font-size: .78rem; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; margin: .8rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .9rem; width: 100%; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .4rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem .4rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; font-size: .8rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { text-align: right; }
.state { display: inline-block; padding: 0 .5rem; border-radius: 99px; font-size: .8rem;
  white-space: nowrap; }
.holds { background: #e2f2e6; color: #1f5c33; }
.doubtful { background: #fbecc8; color: #7a4d0b; }
.broken { background: #f8d8ce; color: #8a2c12; }
.untestable { background: #e8eaee; color: #47505e; }
figure { margin: 1rem 0 1.4rem; }
img { max-width: 100%; width: 43rem; display: block; }
figcaption { color: var(--soft); font-size: .88rem; }
pre { background: #f4f5f7; border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1.1rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
@media (max-width: 45rem) { main { margin: 0; padding: 1.2rem; border: 0; } }
@media print { body { background: #fff; } main { border: 0; margin: 0; } }
"""


def html_report(document: Document) -> str:
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
        f'<div class="kicker">Assay, effect of a rollout</div>\n<h1>{title}</h1>\n'
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
    parts += [_figure(picture) for picture in section.pictures]
    if section.code:
        parts.append(f"<pre><code>{escape(section.code)}</code></pre>")
    return "\n".join(parts)


def _table(grid: Grid) -> str:
    numeric = [
        _is_numeric([row[i] for row in grid.rows]) for i in range(len(grid.columns))
    ]
    caption = f"<caption>{escape(grid.caption)}</caption>" if grid.caption else ""
    head = "".join(
        f"<th{_class(is_number)}>{escape(name)}</th>"
        for name, is_number in zip(grid.columns, numeric, strict=True)
    )
    rows = []
    for index, row in enumerate(grid.rows):
        state = grid.states[index] if grid.states else ""
        cells = "".join(
            f"<td{_class(is_number)}>{_cell(text, name, state)}</td>"
            for text, name, is_number in zip(row, grid.columns, numeric, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    return (
        f'<div class="scroll"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(text: str, column: str, state: str) -> str:
    if column == "state" and state:
        return f'<span class="state {state}">{escape(text)}</span>'
    return escape(text)


def _class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _is_numeric(cells: list[str]) -> bool:
    known = [cell for cell in cells if cell]
    return bool(known) and all(cell.lstrip("+-")[:1].isdigit() for cell in known)


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.content).decode()
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
