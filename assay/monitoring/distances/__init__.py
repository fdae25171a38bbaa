"""Distances between a stored reference and a window."""

from assay.monitoring.distances.columns import (
    ColumnDrift,
    category_drift,
    frame_drift,
    number_drift,
)
from assay.monitoring.distances.multivariate import (
    Axes,
    ClassifierDrift,
    classifier_drift,
    principal_axes,
    reconstruction_errors,
)
from assay.monitoring.distances.ordered import ks_distance, wasserstein
from assay.monitoring.distances.shares import (
    chi_square,
    jensen_shannon,
    population_stability,
)
from assay.monitoring.distances.streaming import WindowCounts, count_window, stream_drift

__all__ = [
    "Axes",
    "ClassifierDrift",
    "ColumnDrift",
    "WindowCounts",
    "category_drift",
    "chi_square",
    "classifier_drift",
    "count_window",
    "frame_drift",
    "jensen_shannon",
    "ks_distance",
    "number_drift",
    "population_stability",
    "principal_axes",
    "reconstruction_errors",
    "stream_drift",
    "wasserstein",
]
