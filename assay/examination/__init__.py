"""Examine a challenger: from two bundles and rows to the evidence that the gate reads."""

from assay.examination.examine import Examination, examine
from assay.examination.subject import Subject

__all__ = ["Examination", "Subject", "examine"]
