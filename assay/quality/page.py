"""A data docs page of Great Expectations that loads nothing and reads well offline."""

from __future__ import annotations

import html
import re

_REMOVED = (
    re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE),
    re.compile(r"<link\b[^>]*>", re.IGNORECASE),
    re.compile(r"<img\b[^>]*>", re.IGNORECASE),
    re.compile(r"<nav class=\"navbar\b.*?</nav>\s*</div>\s*</nav>", re.DOTALL),
    re.compile(r"<footer>.*?</footer>", re.DOTALL),
    re.compile(r"<title></title>"),
    # The filter needs the scripts that were removed.
    re.compile(
        r"<div class=\"card mb-3\">\s*<div class=\"card-header p-2\">\s*"
        r"<strong>Actions</strong>.*?</label>\s*</div>\s*</div>\s*</div>\s*</div>\s*</div>",
        re.DOTALL,
    ),
)
_LINK_TO_OTHER_PAGE = re.compile(r"<a href=\"(?!#)[^\"]*\"[^>]*>(.*?)</a>", re.DOTALL)
_OUTSIDE = re.compile(
    r"(?:background(?:-image)?:\s*)?url\(\s*['\"]?https?:[^)]*\)[^;}]*;?"
)
_ON_CLICK = re.compile(r"\son\w+=\"[^\"]*\"")

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem;
  padding: 1.5rem; position: relative; }
h4 { font-size: 1.4rem; margin: 0; } h5 { font-size: 1.15rem; margin: 0; }
h6, .h6 { font-size: 1rem; margin: .3rem 0; font-weight: 600; }
.alert { background: var(--soft); border-left: 4px solid #4a7fb5; padding: .6rem .9rem;
  margin: 1.4rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; margin: .3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
td table { width: auto; }
.badge { background: var(--soft); border: 1px solid var(--line); border-radius: 4px;
  padding: 0 .35em; font-family: ui-monospace, monospace; font-size: .92em; }
.fa-check-circle::before { content: "\\2714"; color: #2b8a3e; font-style: normal; }
.fa-times::before, .fa-times-circle::before, .fa-exclamation-triangle::before {
  content: "\\2718"; color: #c92a2a; font-style: normal; }
.nav { list-style: none; padding: 0; columns: 12rem; } .nav a { text-decoration: none; }
th { overflow-wrap: normal; }
.cooltip .top, [data-toggle="collapse"] { display: none; }
.sticky, .card, .card-body, .nav { position: static; max-height: none !important; }
.show-scrollbars { overflow: visible; }
"""


def offline_page(page: str, title: str) -> str:
    """Return `page` without anything that a browser would fetch or run.

    Parameters
    ----------
    page : str
        HTML as Great Expectations renders it, with its links to content networks.
    title : str
        Title of the new page, as plain text.
    """
    for removed in _REMOVED:
        page = removed.sub("", page)
    page = _LINK_TO_OTHER_PAGE.sub(r"\1", page)
    page = _OUTSIDE.sub("", page)
    page = _ON_CLICK.sub("", page)
    page = re.sub(
        r"<title>.*?</title>", f"<title>{html.escape(title)}</title>", page, count=1
    )
    return page.replace("</head>", f"<style>{_STYLE}</style>\n</head>", 1)
