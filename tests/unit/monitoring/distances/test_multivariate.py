"""What moves between columns while no column moves."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.monitoring.distances import (
    classifier_drift,
    number_drift,
    principal_axes,
    reconstruction_errors,
)


def rows(n_rows, correlation, seed):
    """Return two columns whose margins never change, only what they have in common."""
    rng = np.random.default_rng(seed)
    first, noise = rng.normal(size=(2, n_rows))
    second = correlation * first + np.sqrt(1 - correlation**2) * noise
    return np.column_stack((first, second))


def test_a_broken_correlation_is_seen_by_errors_and_by_no_column():
    reference, moved = rows(4_000, 0.9, 1), rows(2_000, 0.0, 2)
    axes = principal_axes(reference, np.random.default_rng(0))
    still = number_drift(
        "e", axes.errors, reconstruction_errors(axes, rows(2_000, 0.9, 3))
    )
    far = number_drift("e", axes.errors, reconstruction_errors(axes, moved))
    assert still.psi < 0.02
    assert far.psi > 1


def test_a_classifier_tells_a_broken_correlation_and_not_the_same_world():
    rng = np.random.default_rng(4)
    moved = classifier_drift(rows(2_000, 0.9, 1), rows(2_000, 0.0, 2), rng)
    still = classifier_drift(rows(2_000, 0.9, 1), rows(2_000, 0.9, 3), rng)
    assert moved.auc > 0.7
    assert moved.p_value < 1e-6
    assert still.auc == pytest.approx(0.5, abs=0.04)
    assert still.p_value > 0.01


def test_errors_of_an_orthonormal_axis_by_hand():
    axes = principal_axes(rows(1_000, 0.99, 1), np.random.default_rng(0))
    assert axes.axes.shape == (1, 2)
    assert axes.axes @ axes.axes.T == pytest.approx(1.0)
    on_axis = axes.centre + axes.scale * axes.axes[0] * 3
    assert reconstruction_errors(axes, on_axis[None]) == pytest.approx(0.0, abs=1e-12)


def test_a_missing_value_counts_as_the_mean():
    axes = principal_axes(rows(1_000, 0.5, 1), np.random.default_rng(0))
    lacking = np.array([[np.nan, 1.0]])
    filled = np.array([[axes.centre[0], 1.0]])
    assert reconstruction_errors(axes, lacking) == reconstruction_errors(axes, filled)


def test_what_cannot_be_compared_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="too few"):
        principal_axes(np.zeros((99, 2)), rng)
    axes = principal_axes(rows(200, 0.5, 1), rng)
    with pytest.raises(DataError, match="3 features, the axes 2"):
        reconstruction_errors(axes, np.zeros((5, 3)))
    with pytest.raises(DataError, match="same features"):
        classifier_drift(np.zeros((200, 2)), np.zeros((200, 3)), rng)
