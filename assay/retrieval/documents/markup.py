"""Text out of HTML: headings, paragraphs and table rows, without what is not shown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from assay.retrieval.documents.parsed import Parsed

_UNSEEN = frozenset(["script", "style", "template", "noscript", "head", "svg"])
_BLOCKS = frozenset(
    ["p", "div", "section", "article", "table", "ul", "ol", "blockquote", "header"]
)
_VOID = frozenset(["br", "hr", "img", "input", "link", "meta", "wbr", "col", "source"])
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def parse_html(text: str) -> Parsed:
    """Return an HTML page's visible text, title and ``<meta name=...>`` entries.

    Headings become lines that begin with ``#``, table rows lines with cells between
    ``|``. Elements that are hidden from a reader are left out.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return Parsed((reader.text(),), title=reader.title.strip(), metadata=reader.meta)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.meta: dict[str, str] = {}
        self._out: list[str] = []
        self._unseen: list[str] = []
        self._in_title = False
        self._n_cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "meta" and found.get("name") and found.get("content"):
            key = str(found["name"]).strip().lower().replace("-", "_")
            self.meta[key] = str(found["content"]).strip()
        if tag == "title":
            self._in_title = True
        if tag == "body" and self._unseen == ["head"]:
            self._unseen.clear()  # a head may go without its end tag
        if tag in _VOID:
            self._out.append("\n" if tag in ("br", "hr") and not self._unseen else "")
            return
        hidden = "hidden" in found or _HIDDEN.search(found.get("style") or "")
        if tag in _UNSEEN or hidden or self._unseen:
            self._unseen.append(tag)
            return
        if re.fullmatch("h[1-6]", tag):
            self._out.append(f"\n\n{'#' * int(tag[1])} ")
        elif tag in _BLOCKS:
            self._out.append("\n\n")
        elif tag == "li":
            self._out.append("\n- ")
        elif tag == "tr":
            self._out.append("\n")
            self._n_cells = 0
        elif tag in ("td", "th"):
            self._out.append(" | " if self._n_cells else "")
            self._n_cells += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    continue
            return
        if tag in _BLOCKS or re.fullmatch("h[1-6]", tag):
            self._out.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        if not self._unseen:
            self._out.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = [line.strip() for line in "".join(self._out).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
