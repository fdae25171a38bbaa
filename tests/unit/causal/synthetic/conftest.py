"""A panel with a known effect."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def simulate():
    """Return a maker of long panels: unit 0 treated, donors from two factors."""

    def make(seed, *, n_donors=12, n_pre=30, n_post=10, effect=1.0, noise=0.3, shift=0.0):
        rng = np.random.default_rng(seed)
        n_periods = n_pre + n_post
        factors = np.cumsum(rng.normal(size=(n_periods, 2)), axis=0)
        loadings = rng.uniform(0, 1, size=(2, n_donors))
        mix = rng.dirichlet(np.ones(4))
        own = loadings[:, :4] @ mix
        table = factors @ np.column_stack([own, loadings])
        table += rng.normal(scale=noise, size=table.shape)
        table[n_pre:, 0] += effect
        table[:, 0] += shift
        return pd.DataFrame(
            {
                "unit": np.repeat(np.arange(n_donors + 1), n_periods),
                "period": np.tile(np.arange(n_periods), n_donors + 1),
                "y": table.T.ravel(),
            }
        )

    return make


@pytest.fixture(scope="session")
def columns():
    """Names of the panel's columns and its treated unit, as arguments."""
    return {
        "unit": "unit",
        "period": "period",
        "outcome": "y",
        "treated_units": [0],
        "treatment_start": 30,
    }
