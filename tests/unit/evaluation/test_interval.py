"""Intervals against published and hand values."""

import math

import pytest
from statsmodels.stats.proportion import proportion_confint

from assay.evaluation import Interval, normal_interval, share_interval


@pytest.mark.parametrize(("n_hits", "n_rows"), [(0, 7), (3, 10), (81, 263), (148, 148)])
def test_a_share_has_wilsons_interval(n_hits, n_rows):
    found = share_interval(n_hits, n_rows)
    low, high = proportion_confint(n_hits, n_rows, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert found.low <= found.value <= found.high


def test_newcombes_published_interval_of_81_in_263_is_met():
    # Newcombe, Statistics in Medicine 17, 1998, table I: Wilson score, .2553 to .3662.
    found = share_interval(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_a_normal_interval_reaches_1_96_standard_errors():
    found = normal_interval(2.0, 1.0)
    assert (found.low, found.high) == pytest.approx((2 - 1.959964, 2 + 1.959964))


def test_a_share_of_no_rows_is_not_defined():
    assert not share_interval(0, 0).is_defined
    assert Interval(0.5, 0.4, 0.6).is_defined
    assert not Interval(0.5, math.nan, 0.6).is_defined


def test_an_interval_is_written_as_a_manifest_keeps_it():
    assert Interval(0.5, 0.4, 0.6).as_dict() == {"value": 0.5, "low": 0.4, "high": 0.6}
