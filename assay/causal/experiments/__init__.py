"""Randomised rollouts: simple, adjusted, clustered, switched, watched as they run."""

from assay.causal.experiments.clustered import ClusterDifference, cluster_difference
from assay.causal.experiments.cuped import Adjusted, cuped
from assay.causal.experiments.means import MeanDifference, mean_difference
from assay.causal.experiments.power import (
    Design,
    detectable_effect,
    power,
    required_rows,
)
from assay.causal.experiments.sequential import Sequential, sequential_test
from assay.causal.experiments.switchback import Switchback, switchback

__all__ = [
    "Adjusted",
    "ClusterDifference",
    "Design",
    "MeanDifference",
    "Sequential",
    "Switchback",
    "cluster_difference",
    "cuped",
    "detectable_effect",
    "mean_difference",
    "power",
    "required_rows",
    "sequential_test",
    "switchback",
]
