"""How the report on an effect looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay import pages
from assay.pages import Document, Look

_STYLE = """
main { max-width: 60rem; }
p { max-width: 46rem; }
table { font-size: .9rem; }
th, td { padding: .4rem .7rem .4rem 0; font-variant-numeric: normal;
  overflow-wrap: break-word; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.number { text-align: right; }
.state { display: inline-block; padding: 0 .5rem; border-radius: 99px; font-size: .8rem;
  white-space: nowrap; }
.holds { background: #e2f2e6; color: #1f5c33; }
.doubtful { background: #fbecc8; color: #7a4d0b; }
.broken { background: #f8d8ce; color: #8a2c12; }
.untestable { background: #e8eaee; color: #47505e; }
.figures { display: block; }
figure { margin: 1rem 0 1.4rem; max-width: none; }
img { width: 43rem; }
pre { background: #f4f5f7; border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1.1rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
"""


def _number(cells: Sequence[str]) -> str:
    known = [cell for cell in cells if cell]
    is_numeric = all(cell.lstrip("+-")[:1].isdigit() for cell in known)
    return "number" if known and is_numeric else ""


_LOOK = Look(
    verdicts={"report": "good", "warn": "doubt", "withhold": "bad"},
    style=_STYLE,
    of_column=_number,
)


def html_report(document: Document) -> str:
    """Return the report as an HTML page that needs nothing else."""
    return pages.html_page(document, _LOOK)


def markdown_report(document: Document, images: Mapping[str, str] | None = None) -> str:
    """Return the report as Markdown; see `assay.pages.markdown_page`."""
    return pages.markdown_page(document, images)
