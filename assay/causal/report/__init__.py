"""One report over all designs: the same sections in HTML and in Markdown."""

from assay.causal.report.document import effect_document
from assay.causal.report.html import html_report
from assay.causal.report.markdown import markdown_report
from assay.causal.report.parts import Document, Section

__all__ = [
    "Document",
    "Section",
    "effect_document",
    "html_report",
    "markdown_report",
]
