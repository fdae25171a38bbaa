"""Concept drift: sequential detectors on matured labels."""

from assay.monitoring.concept.page_hinkley import PageHinkley
from assay.monitoring.concept.residuals import Detection, ResidualDetector

__all__ = ["Detection", "PageHinkley", "ResidualDetector"]
