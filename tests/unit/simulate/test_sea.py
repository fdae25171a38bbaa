"""A stream whose concepts change where it says."""

import numpy as np
import pytest

from assay.errors import ConfigError
from assay.simulate.sea import simulate_sea


def test_outcomes_follow_the_first_concept_until_the_change_and_not_after():
    stream = simulate_sea(n_rows=40_000, seed=1)
    rule = (stream.probabilities > 0.5).astype(float)
    wrong = rule != stream.labels
    assert stream.changes == (10_000, 20_000, 30_000)
    assert wrong[:10_000].mean() == pytest.approx(0.1, abs=0.012)
    # Rows between the limits 8 and 9 are 8.5 % and turn from right to wrong: 0.1 + 0.8 x.
    assert wrong[10_000:20_000].mean() == pytest.approx(0.1 + 0.8 * 0.085, abs=0.016)


def test_the_same_seed_gives_the_same_stream():
    one, other = (simulate_sea(n_rows=50, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize("change", [{"n_rows": 2}, {"noise": 0.5}, {"concepts": ()}])
def test_numbers_out_of_range_are_refused(change):
    with pytest.raises(ConfigError, match="rows over"):
        simulate_sea(**{"n_rows": 100, "seed": 1} | change)
