"""Labels as they mature: joined, by vintage, against expectation, for the business."""

from assay.monitoring.labels.business import BusinessMetrics, business_metrics
from assay.monitoring.labels.joining import JoinedLabels, join_labels
from assay.monitoring.labels.vintages import (
    Realised,
    Vintages,
    realised_against_expected,
    vintage_curves,
)

__all__ = [
    "BusinessMetrics",
    "JoinedLabels",
    "Realised",
    "Vintages",
    "business_metrics",
    "join_labels",
    "realised_against_expected",
    "vintage_curves",
]
