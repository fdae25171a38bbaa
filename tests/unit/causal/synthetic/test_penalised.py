"""Penalised weights against a general solver."""

import numpy as np
import pytest
from scipy.optimize import minimize

from assay.causal.synthetic import Penalised, penalised_control, read_cells, read_series
from assay.errors import DataError


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


def test_penalised_weights_minimise_the_papers_objective(series):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    distance = np.sum((pre - target[:, None]) ** 2, axis=0)

    def objective(weights, penalty):
        return np.sum((target - pre @ weights) ** 2) + penalty * weights @ distance

    for penalty in (0.05, 1.0):
        found = Penalised().fit(series, penalty)
        theirs = minimize(
            objective,
            np.full(12, 1 / 12),
            args=(penalty,),
            bounds=[(0, 1)] * 12,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert objective(found.weights, penalty) <= theirs.fun + 1e-6
    nearest = Penalised().fit(series, 1e6).weights
    assert np.argmax(nearest) == np.argmin(distance)
    assert nearest.max() == pytest.approx(1)


def test_without_a_penalty_it_is_the_plain_synthetic_control(series):
    found = Penalised().fit(series, 0.0)
    assert found.weights == pytest.approx(found.simplex_weights, abs=1e-12)
    with pytest.raises(ValueError, match="negative"):
        Penalised().fit(series, -1.0)


def test_one_donor_gives_nothing_to_choose_a_penalty_on(simulate, columns):
    with pytest.raises(DataError, match="one donor has no other donor"):
        penalised_control(simulate(3), **columns, donors=[1])
    found = penalised_control(simulate(3), **columns, donors=[1], penalty=0.1)
    assert found.donor_weights.tolist() == [1.0]
