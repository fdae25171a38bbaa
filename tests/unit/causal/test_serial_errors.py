"""The memory of a series against the matrices written out."""

import numpy as np
import pytest
from scipy import linalg, optimize

from assay.causal.serial_errors import serial_fit


def by_matrices(design, residuals):
    """Return the memory at which the residuals should correlate as they are seen to."""
    n = len(design)
    maker = np.eye(n) - design @ np.linalg.pinv(design)
    shift = np.eye(n, k=1)
    seen = residuals[1:] @ residuals[:-1] / (residuals @ residuals)

    def gap(memory):
        spread = linalg.toeplitz(memory ** np.arange(n))
        top = np.trace(maker @ shift @ maker @ spread)
        return top / np.trace(maker @ spread) - seen

    return optimize.brentq(gap, -0.98, 0.98)


@pytest.mark.parametrize(("n", "n_seasons"), [(8, 0), (40, 4), (120, 12)])
@pytest.mark.parametrize("memory", [-0.4, 0.0, 0.6])
def test_the_memory_is_the_one_of_the_matrices_written_out(n, n_seasons, memory):
    rng = np.random.default_rng([n, n_seasons])
    time = np.arange(n)
    season = np.eye(max(n_seasons, 1))[time % max(n_seasons, 1)][:, 1:]
    design = np.column_stack([np.ones(n), time, time >= n // 2, season])
    errors = rng.normal(size=n)
    for at in range(1, n):
        errors[at] += memory * errors[at - 1]
    found = serial_fit(design, design.sum(axis=1) + errors, lags=3)
    assert found.memory == pytest.approx(by_matrices(design, found.residuals), abs=1e-9)
