"""The trees of a boosted model as flat arrays: what a graph and exact reasons read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trees:
    """All nodes of all trees, tree after tree, each tree's root first.

    A row goes left where its value is at most the threshold, or is missing and the
    node sends missing values left.

    Attributes
    ----------
    roots : ndarray of shape (n_trees,)
        Positions of the roots.
    feature : ndarray of shape (n_nodes,)
        Column of the design matrix; 0 at leaves.
    threshold : ndarray of shape (n_nodes,)
        In the feature's unit; +inf where a node parts missing from the rest.
    left, right : ndarray of shape (n_nodes,)
        Positions of the children; the node's own at leaves.
    missing_goes_left, is_leaf : ndarray of shape (n_nodes,)
        Flags.
    value : ndarray of shape (n_nodes,)
        Log-odds that a leaf adds; 0 elsewhere.
    n_samples : ndarray of shape (n_nodes,)
        Training rows that reached the node.
    baseline : float
        Log-odds before the first tree.
    """

    roots: Ints
    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing_goes_left: Flags
    is_leaf: Flags
    value: Floats
    n_samples: Ints
    baseline: float

    def thresholds_of(self, column: int) -> Floats:
        """Return the distinct finite thresholds of one column, rising."""
        used = ~self.is_leaf & (self.feature == column) & np.isfinite(self.threshold)
        return np.unique(self.threshold[used])


def flat_trees(classifier: Any) -> Trees:  # noqa: ANN401 # scikit-learn is untyped
    """Return the trees of a fitted, binary HistGradientBoostingClassifier.

    Raises
    ------
    BundleError
        If it is not fitted, has more than two classes or splits on native categories:
        such splits are sets, not thresholds.
    """
    predictors = getattr(classifier, "_predictors", None)
    if predictors is None:
        raise BundleError(
            f"{type(classifier).__name__} holds no trees; fit a "
            "HistGradientBoostingClassifier first"
        )
    if any(len(of_round) != 1 for of_round in predictors):
        raise BundleError("the model has more than two classes; only two are supported")
    nodes = [of_round[0].nodes for of_round in predictors]
    if classifier.is_categorical_ is not None or any(
        tree["is_categorical"].any() for tree in nodes
    ):
        raise BundleError(
            "the model splits on native categories, which have no threshold; encode "
            "categories before the model (assay.features does) and fit again"
        )
    sizes = np.array([len(tree) for tree in nodes], dtype=np.int64)
    roots = np.r_[0, np.cumsum(sizes)[:-1]].astype(np.int64)
    offsets = np.repeat(roots, sizes)
    joined = np.concatenate(nodes)
    is_leaf = joined["is_leaf"].astype(bool)
    own = np.arange(len(joined), dtype=np.int64)
    return Trees(
        roots=roots,
        feature=np.where(is_leaf, 0, joined["feature_idx"]).astype(np.int64),
        threshold=np.where(is_leaf, 0.0, joined["num_threshold"]),
        left=np.where(is_leaf, own, joined["left"] + offsets).astype(np.int64),
        right=np.where(is_leaf, own, joined["right"] + offsets).astype(np.int64),
        missing_goes_left=joined["missing_go_to_left"].astype(bool),
        is_leaf=is_leaf,
        value=np.where(is_leaf, joined["value"], 0.0),
        n_samples=joined["count"].astype(np.int64),
        baseline=float(np.ravel(classifier._baseline_prediction)[0]),
    )
