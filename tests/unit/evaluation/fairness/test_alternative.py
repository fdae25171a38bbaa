"""What another rule would change, by hand and row by row."""

import numpy as np
import pytest

from assay.contract import CostMatrix
from assay.errors import DataError
from assay.evaluation.fairness import alternative_effect

COSTS = CostMatrix(
    unit="USD", true_positive=-1, false_positive=4, true_negative=-0.5, false_negative=20
)


def rng():
    return np.random.default_rng(0)


def cost(labels, approved):
    prices = np.where(
        labels == 1, np.where(approved, 20, -1), np.where(approved, -0.5, 4)
    )
    return prices.mean()


def ratio(approved, groups):
    shares = [approved[member].mean() for _, member in groups]
    return min(shares) / max(shares)


@pytest.mark.parametrize("seed", range(5))
def test_every_figure_is_that_of_the_rows(seed):
    draw = np.random.default_rng(seed)
    labels = (draw.random(300) < 0.3).astype(float)
    today, other = draw.random((2, 300)) < np.array([[0.6], [0.7]])
    group = draw.integers(0, 3, 300)
    groups = [(str(k), group == k) for k in range(3)]
    found = alternative_effect(labels, today, other, groups, costs=COSTS, rng=rng())
    assert found.cost.value == pytest.approx(cost(labels, other))
    assert found.extra_cost.value == pytest.approx(
        cost(labels, other) - cost(labels, today)
    )
    assert found.smallest_ratio.value == pytest.approx(ratio(other, groups))
    assert found.ratio_gain.value == pytest.approx(
        ratio(other, groups) - ratio(today, groups)
    )
    assert found.extra_cost.low < found.extra_cost.value < found.extra_cost.high


def test_no_change_costs_and_gains_exactly_nothing():
    labels, approved = np.array([0, 1, 0, 0.0]), np.array([True, False, True, True])
    groups = [
        ("a", np.array([True, True, False, False])),
        ("b", np.array([False, False, True, True])),
    ]
    found = alternative_effect(labels, approved, approved, groups, costs=COSTS, rng=rng())
    for same in (found.extra_cost, found.ratio_gain):
        assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)


def test_approving_nobody_has_no_ratio():
    labels, approved = np.array([0, 1, 0, 0.0]), np.array([True, False, True, True])
    groups = [
        ("a", np.array([True, True, False, False])),
        ("b", np.array([False, False, True, True])),
    ]
    nobody = np.zeros(4, bool)
    found = alternative_effect(labels, approved, nobody, groups, costs=COSTS, rng=rng())
    assert found is None


def test_one_group_has_no_ratio():
    labels, approved = np.array([0, 1.0]), np.array([True, False])
    with pytest.raises(DataError, match="at least two"):
        alternative_effect(
            labels,
            approved,
            approved,
            [("a", np.array([True, True]))],
            costs=COSTS,
            rng=rng(),
        )
