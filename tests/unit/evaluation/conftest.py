"""Rows that the tests of evaluation share."""

import pytest


@pytest.fixture
def calibrated():
    """Return a function that draws calibrated probabilities and outcomes."""

    def draw(n_rows, rng):
        probabilities = rng.beta(1.5, 4, n_rows)
        return (rng.random(n_rows) < probabilities).astype(float), probabilities

    return draw
