"""Rows of four features with a known relation to the label."""

import numpy as np
import pytest

from assay.networks.parameters import NETWORK_DEFAULTS, Shape

CATEGORIES = (None, None, None, (0.0, 1.0, 2.0))


def draw(n_rows, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n_rows, 4))
    matrix[:, 3] = rng.integers(-1, 3, n_rows)
    log_odds = 2 * np.sin(2 * matrix[:, 0]) + matrix[:, 1] * (matrix[:, 3] == 1)
    matrix[rng.random(n_rows) < 0.1, 2] = np.nan
    labels = (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(float)
    return matrix, labels


def small(kind, **changes):
    """Return a shape that trains in a second."""
    sizes = {"width": 16, "bins": 8, "most_epochs": 4, "batch_rows": 128}
    return Shape.of({**NETWORK_DEFAULTS[kind], **sizes, **changes})


@pytest.fixture(scope="session")
def rows():
    return draw(1_500, 0)
