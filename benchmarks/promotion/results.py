"""Sections of `docs/results/promotion.md`, each written by its own benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "promotion.md"


def write_section(name: str, title: str, lines: Sequence[str]) -> None:
    """Write a section, in the place of an older one of that name."""
    text = RESULTS.read_text() if RESULTS.exists() else "# Promotion: measured\n"
    body = f"<!-- {name} -->\n## {title}\n\n" + "\n".join(lines) + f"\n<!-- /{name} -->\n"
    marked = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->\n", re.DOTALL)
    if marked.search(text):
        text = marked.sub(lambda _: body, text)
    else:
        text = f"{text.rstrip()}\n\n{body}"
    RESULTS.write_text(text)
