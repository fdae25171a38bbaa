"""One report over all designs: the same sections in HTML and in Markdown."""

from assay.causal.report.document import effect_document
from assay.causal.report.look import html_report, markdown_report
from assay.pages import Document, Section

__all__ = [
    "Document",
    "Section",
    "effect_document",
    "html_report",
    "markdown_report",
]
