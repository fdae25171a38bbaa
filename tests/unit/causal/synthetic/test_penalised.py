"""Penalised weights against a general solver."""

import numpy as np
import pytest
from scipy.optimize import minimize

from assay.causal.synthetic import (
    penalised_control,
    read_cells,
    read_series,
)


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


def test_penalised_weights_minimise_the_papers_objective(series):
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    distance = np.sum((pre - target[:, None]) ** 2, axis=0)

    def objective(weights, penalty):
        return np.sum((target - pre @ weights) ** 2) + penalty * weights @ distance

    for penalty in (0.05, 1.0):
        found = penalised_control(series, penalty=penalty)
        theirs = minimize(
            objective,
            np.full(12, 1 / 12),
            args=(penalty,),
            bounds=[(0, 1)] * 12,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert objective(found.donor_weights, penalty) <= theirs.fun + 1e-6
    nearest = penalised_control(series, penalty=1e6)
    assert np.argmax(nearest.donor_weights) == np.argmin(distance)
    assert nearest.donor_weights.max() == pytest.approx(1)
