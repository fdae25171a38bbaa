"""Reasons of an adverse decision, from a table made at training; numpy alone."""

from assay.reasons.document import REASONS, explainer_bytes, read_explainer
from assay.reasons.explainer import Explainer
from assay.reasons.linear import LinearTable, linear_table
from assay.reasons.networks import NetworkTable, network_table
from assay.reasons.ranking import Reason
from assay.reasons.tree_building import tree_table
from assay.reasons.trees import TreeTable

__all__ = [
    "REASONS",
    "Explainer",
    "LinearTable",
    "NetworkTable",
    "Reason",
    "TreeTable",
    "explainer_bytes",
    "linear_table",
    "network_table",
    "read_explainer",
    "tree_table",
]
