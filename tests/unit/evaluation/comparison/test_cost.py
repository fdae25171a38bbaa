"""What is saved against treating everyone alike, by hand and against the truth."""

import numpy as np
import pytest

from assay.contract import CostMatrix
from assay.evaluation.comparison import cost_saved

COSTS = CostMatrix(
    unit="USD", true_positive=-1, false_positive=4, true_negative=-0.5, false_negative=20
)


def test_six_rows_by_hand():
    labels = np.array([0, 0, 0, 0, 1, 1.0])
    chances = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.4])
    found = cost_saved(
        labels, chances, threshold=0.5, costs=COSTS, rng=np.random.default_rng(0)
    )
    approve, refuse = (4 * -0.5 + 2 * 20) / 6, (4 * 4 - 2) / 6
    model = (3 * -0.5 + 4 - 1 + 20) / 6
    assert found.value == pytest.approx(min(approve, refuse) - model)
    assert found.low < found.value < found.high


def test_the_interval_holds_the_true_saving_as_often_as_it_says():
    rng = np.random.default_rng(2)
    big = 400_000
    truth = rng.beta(1, 4, big)
    outcomes = (rng.random(big) < truth).astype(float)
    options = {"threshold": 0.2, "costs": COSTS}
    exact = cost_saved(outcomes, truth, rng=rng, n_resamples=100, **options).value
    hits, n_worlds = 0, 300
    for _ in range(n_worlds):
        rows = rng.integers(big, size=800)
        found = cost_saved(outcomes[rows], truth[rows], rng=rng, **options)
        hits += found.low <= exact <= found.high
    assert abs(hits / n_worlds - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / n_worlds)
