"""Rows with a known effect and a known propensity."""

import numpy as np
import pandas as pd
import pytest


def simulate(n=2_000, seed=0, strength=1.0, effect=1.0, spread=0.5):
    """Return rows in which `a` and `b` cause both treatment and outcome.

    The effect of a row is ``effect + spread * a``; its mean over rows is `effect`.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    propensity = 1 / (1 + np.exp(-strength * (0.6 * a - 0.4 * b)))
    treated = rng.random(n) < propensity
    outcome = a + 2 * b + treated * (effect + spread * a) + rng.normal(size=n)
    return pd.DataFrame({"y": outcome, "t": treated.astype(int), "a": a, "b": b})


@pytest.fixture(scope="session")
def simulated():
    return simulate


@pytest.fixture(scope="session")
def names():
    return {"outcome": "y", "treatment": "t", "covariates": ["a", "b"]}
