"""How the validation report and the model card look."""

from __future__ import annotations

import re

from assay import pages
from assay.pages import Document, Look

_STYLE = """
td.from { color: var(--soft); font: .78rem ui-monospace, monospace; }
td.figure { white-space: nowrap; }
td.failed { color: #8a2c12; font-weight: 700; }
td.kept { color: #1f5c33; }
"""
_FIGURE = re.compile(r"[+-]?[\d.]+ \[[+-]?[\d.]+, [+-]?[\d.]+\]")


def _class(column: str, text: str) -> str:
    if column == "from":
        return "from"
    if _FIGURE.fullmatch(text):
        return "figure"
    return text if text in ("failed", "kept") else ""


_LOOK = Look(verdicts={"promote": "good", "refuse": "bad"}, style=_STYLE, of_cell=_class)


def html_page(document: Document) -> str:
    """Return the report as an HTML page that needs nothing else."""
    return pages.html_page(document, _LOOK)
