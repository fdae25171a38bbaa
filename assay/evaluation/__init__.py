"""What a model reached on labelled rows: metrics with intervals, plots, model card."""

from assay.evaluation.auc import auc_interval, delong_interval
from assay.evaluation.interval import Interval, normal_interval, share_interval
from assay.evaluation.metrics import (
    Confusion,
    Evaluation,
    compare_on_holdout,
    evaluate,
)

__all__ = [
    "Confusion",
    "Evaluation",
    "Interval",
    "auc_interval",
    "compare_on_holdout",
    "delong_interval",
    "evaluate",
    "normal_interval",
    "share_interval",
]
