"""Calibration and thresholds against oracles, brute force and the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import _sigmoid_calibration

from assay.contract import CostMatrix
from assay.errors import DataError
from assay.models import (
    cost_threshold,
    decisions,
    empirical_threshold,
    logistic_calibration,
)


def test_the_fit_is_scikit_learns_platt_scaling():
    rng = np.random.default_rng(0)
    scores = rng.normal(3, 50, 2_000)
    labels = (rng.random(2_000) < 1 / (1 + np.exp(-(scores - 3) / 30))).astype(float)
    slope, intercept = _sigmoid_calibration(scores, labels)
    found = logistic_calibration(scores, labels)
    # The oracle stops early and writes 1 / (1 + exp(slope * score + intercept)).
    assert (found.slope, found.intercept) == pytest.approx((-slope, -intercept), rel=1e-3)


def test_known_distortion_is_undone():
    rng = np.random.default_rng(1)
    truth = rng.normal(-1, 1.5, 200_000)
    labels = (rng.random(200_000) < 1 / (1 + np.exp(-truth))).astype(float)
    found = logistic_calibration(2.5 * truth + 0.7, labels)
    assert found.slope == pytest.approx(1 / 2.5, rel=0.02)
    assert found.intercept == pytest.approx(-0.7 / 2.5, abs=0.02)


def test_classes_that_separate_still_have_a_calibration():
    found = logistic_calibration(np.array([-1.0, -2, 3, 4]), np.array([0.0, 0, 1, 1]))
    assert 0 < found.slope < 100
    chances = found.probabilities(np.array([-2.0, 4.0]))
    assert chances == pytest.approx([0.25, 0.75], abs=0.1)


def test_a_model_that_ranks_backwards_is_refused():
    with pytest.raises(DataError, match=r"slope -.* ranks bad cases below good ones"):
        logistic_calibration(np.arange(10.0), np.array([1.0] * 5 + [0.0] * 5))


def test_constant_scores_are_refused():
    with pytest.raises(DataError, match="all 4 calibration rows the same score"):
        logistic_calibration(np.ones(4), np.array([0.0, 1, 0, 1]))


@given(
    costs=st.tuples(*[st.floats(0.1, 50)] * 2, *[st.floats(-20, 0)] * 2),
    chance=st.floats(0.001, 0.999),
)
@settings(max_examples=100, deadline=None)
def test_at_the_threshold_the_adverse_action_becomes_the_cheaper_one(costs, chance):
    matrix = CostMatrix(
        unit="USD",
        false_positive=costs[0],
        false_negative=costs[1],
        true_positive=costs[2],
        true_negative=costs[3],
    )
    threshold = cost_threshold(matrix)
    adverse = chance * costs[2] + (1 - chance) * costs[0]
    other = chance * costs[1] + (1 - chance) * costs[3]
    if abs(chance - threshold) > 1e-9:
        assert (adverse < other) == decisions(np.array([chance]), threshold)[0]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=2, max_size=30
    )
)
@settings(max_examples=100, deadline=None)
def test_the_empirical_threshold_is_the_best_of_all(rows):
    costs = CostMatrix(
        unit="USD",
        false_positive=2,
        false_negative=5,
        true_positive=-1,
        true_negative=0.5,
    )
    labels = np.array([label for label, _ in rows], float)
    chances = np.array([level / 10 for _, level in rows])

    def cost(threshold):
        adverse = chances >= threshold
        return np.mean(
            np.where(adverse, np.where(labels == 1, -1, 2), np.where(labels == 1, 5, 0.5))
        )

    threshold, found = empirical_threshold(chances, labels, costs)
    assert found == pytest.approx(min(cost(t) for t in [*chances, 1.0]))
    assert cost(threshold) == pytest.approx(found)
