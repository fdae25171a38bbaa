"""The density test against rddensity, and against samples with and without bunching."""

import numpy as np
import pytest

from assay.causal.discontinuity.density import density_jump
from assay.errors import DataError


@pytest.mark.filterwarnings("ignore::Warning")
@pytest.mark.parametrize("kernel", ["triangular", "uniform", "epanechnikov"])
@pytest.mark.parametrize("decimals", [None, 2])
@pytest.mark.parametrize("order", [1, 2])
def test_statistic_and_bandwidths_agree_with_rddensity(kernel, decimals, order):
    from rddensity import rddensity

    x = np.random.default_rng(5).gamma(3, 1, 2000)
    x = x if decimals is None else np.round(x, decimals)
    found = density_jump(x, cutoff=2.5, kernel=kernel, order=order)
    theirs = rddensity(X=x, c=2.5, kernel=kernel, p=order)
    assert found.statistic == pytest.approx(theirs.test["t_jk"], abs=1e-6)
    assert found.p_value == pytest.approx(theirs.test["p_jk"], abs=1e-6)
    assert found.bandwidths == pytest.approx(tuple(theirs.h), abs=1e-6)
    hat = theirs.hat
    assert (found.left, found.right) == pytest.approx((hat["left"], hat["right"]))


def test_bunching_is_found_and_a_smooth_density_is_not_accused():
    rng = np.random.default_rng(11)
    caught, accused = 0, 0
    for _ in range(60):
        x = rng.normal(size=3000)
        accused += density_jump(x, cutoff=0.2).p_value < 0.05
        near = (x < 0.2) & (x > 0.0) & (rng.random(x.size) < 0.6)
        caught += density_jump(np.where(near, 0.4 - x, x), cutoff=0.2).p_value < 0.05
    assert accused <= 8
    assert caught >= 54


def test_densities_are_per_unit_of_the_running_variable():
    found = density_jump(np.random.default_rng(2).uniform(0, 4, 20_000), cutoff=2.0)
    assert (found.left, found.right) == pytest.approx((0.25, 0.25), abs=0.03)


def test_few_distinct_values_cannot_be_tested():
    with pytest.raises(DataError, match="cannot tell bunching"):
        density_jump(np.repeat([0.0, 1.0, 2.0, 3.0], 50), cutoff=2.0)
