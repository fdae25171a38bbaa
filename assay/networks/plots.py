"""Figures of a training: its curve, and how much each expert is used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from assay.networks.watching import Epoch

TRAINING, VALIDATION = "#1f6f8b", "#b3341f"


def training_curve(epochs: Sequence[Epoch]) -> Figure:
    """Return the losses of the passes; the pass that was kept is marked."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    numbers = [each.number for each in epochs]
    validation = [each.validation_loss for each in epochs]
    losses = [each.training_loss for each in epochs]
    axes.plot(numbers, losses, color=TRAINING, label="training")
    axes.plot(numbers, validation, color=VALIDATION, label="validation")
    best = int(np.argmin(validation))
    axes.axvline(numbers[best], color="#8a8f98", linewidth=0.8)
    axes.set(xlabel="pass", ylabel="log loss, nats a row", title="Training")
    axes.legend(frameon=False)
    return figure


def expert_usage(used: NDArray[np.float64]) -> Figure:
    """Return the share of answers that each expert gives a part of.

    Parameters
    ----------
    used : ndarray of shape (n_experts,)
        Shares that sum to 1; each row counts for both of its experts.
    """
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    names = [f"expert {number + 1}" for number in range(len(used))]
    axes.barh(names, used, color=TRAINING)
    axes.axvline(1 / len(used), color="#8a8f98", linewidth=0.8)
    axes.set(xlabel="share of use", title="Use of experts on the holdout")
    return figure


def usage_of(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each expert's share of use from the weights of rows.

    Parameters
    ----------
    shares : ndarray of shape (n_rows, n_experts)
        From `Network.shares`; above 0 where an expert answers.

    Examples
    --------
    >>> usage_of(np.array([[0.9, 0.1, 0.0], [0.5, 0.0, 0.5]]))
    array([0.5 , 0.25, 0.25])
    """
    answers = (shares > 0).sum(axis=0)
    return np.asarray(answers / answers.sum(), dtype=np.float64)
