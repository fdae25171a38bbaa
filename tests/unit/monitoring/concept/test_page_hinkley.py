"""The test against its recursion, written out row by row."""

import numpy as np
import pytest

from assay.errors import ConfigError, DataError
from assay.monitoring.concept import PageHinkley


def by_recursion(values, test):
    """Return the first alarm by the definition, one value after another."""
    mean = total = lowest = 0.0
    for position, value in enumerate(values):
        mean += (value - mean) / (position + 1)
        total += value - mean - test.tolerance
        lowest = min(lowest, total)
        if position + 1 >= test.fewest and total - lowest > test.limit:
            return position
    return None


def test_the_whole_stream_gives_what_the_recursion_gives():
    rng, test = np.random.default_rng(1), PageHinkley(limit=8.0)
    for _ in range(100):
        change = rng.integers(50, 400)
        errors = rng.random(500) < np.where(np.arange(500) < change, 0.1, 0.3)
        assert test.first_alarm(errors) == by_recursion(errors, test)


def test_a_stream_without_a_rise_is_silent():
    assert PageHinkley().first_alarm(np.zeros(1_000)) is None
    assert PageHinkley().first_alarm([]) is None


def test_what_is_not_finite_is_refused():
    with pytest.raises(DataError, match="1 of 2 values"):
        PageHinkley().first_alarm([1.0, np.nan])
    with pytest.raises(ConfigError, match="positive"):
        PageHinkley(limit=0)
