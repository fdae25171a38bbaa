"""Pages that people read: what they are made of, and the same in HTML and Markdown."""

from assay.pages.html import Look, html_page
from assay.pages.markdown import markdown_page
from assay.pages.parts import Document, Grid, Picture, Row, Section

__all__ = [
    "Document",
    "Grid",
    "Look",
    "Picture",
    "Row",
    "Section",
    "html_page",
    "markdown_page",
]
