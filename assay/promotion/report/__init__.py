"""Evidence that a person reads: the model card and the validation report."""

from assay.pages import Document, Picture, markdown_page
from assay.promotion.report.card import card_document
from assay.promotion.report.look import html_page
from assay.promotion.report.parts import Case
from assay.promotion.report.validation import validation_document

__all__ = [
    "Case",
    "Document",
    "Picture",
    "card_document",
    "html_page",
    "markdown_page",
    "validation_document",
]
