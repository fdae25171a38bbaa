"""A network as the last step of a scikit-learn pipeline."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.networks.parameters import Kind, Shape
from assay.networks.watching import Epoch, Watch

Floats: TypeAlias = NDArray[np.float64]


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """Trains with torch, scores with numpy in float64.

    Parameters
    ----------
    kind : str
        One of `assay.networks.parameters.KINDS`.
    parameters : dict
        The fields of `Shape`.
    categories : tuple of (tuple of float or None), length n_features
        Code numbers of each column; None for a number.
    in_time : bool
        Whether the last rows are the newest.
    seed : int
        Of every random choice.
    watch : Watch, optional
        Who hears of the training; it does not change the result.

    Attributes
    ----------
    network_ : Network
        The trained weights.
    epochs_ : tuple of Epoch
        The passes of the training.
    """

    network_: Any
    epochs_: tuple[Epoch, ...]

    def __init__(
        self,
        kind: Kind,
        parameters: dict[str, Any],
        categories: tuple[tuple[float, ...] | None, ...],
        in_time: bool,  # scikit-learn gives parameters by name
        seed: int = 0,
        watch: Watch | None = None,
    ) -> None:
        self.kind = kind
        self.parameters = parameters
        self.categories = categories
        self.in_time = in_time
        self.seed = seed
        self.watch = watch

    def fit(self, matrix: Floats, labels: Floats) -> Self:
        """Train on a design matrix, shape (n_rows, n_features), and labels 0 or 1."""
        from assay.networks.training import train_network  # torch: seconds

        self.classes_ = np.array([0.0, 1.0])
        self.network_, self.epochs_ = train_network(
            matrix,
            labels,
            self.categories,
            kind=self.kind,
            shape=Shape.of(self.parameters),
            seed=self.seed,
            in_time=self.in_time,
            watch=self.watch,
        )
        return self

    def decision_function(self, matrix: Floats) -> Floats:
        """Return log-odds of label 1, shape (n_rows,)."""
        return np.asarray(self.network_.log_odds(matrix), dtype=np.float64)
