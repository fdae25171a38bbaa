"""Time by a clock that is known, size in bytes, and a second fit."""

from dataclasses import replace

import numpy as np
import pytest

from assay.examination.service import quantile_interval, second_fit, service_cost


def test_the_time_of_a_row_is_between_two_looks_at_the_clock(subject, ticking):
    found = service_cost(subject, ticking, n_calls=200)
    assert found.latency_ms.value == found.latency_ms.low == found.latency_ms.high == 1.0
    assert found.size_bytes == len(subject.bundle.graph)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
def test_the_interval_of_a_quantile_holds_it_as_often_as_it_says(quantile):
    rng = np.random.default_rng(0)
    n_worlds, truth, hits = 600, -np.log(1 - quantile), 0
    for _ in range(n_worlds):
        found = quantile_interval(rng.exponential(size=1500), quantile)
        hits += found.low <= truth <= found.high
    assert abs(hits / n_worlds - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / n_worlds)


def test_few_values_do_not_leave_their_range():
    found = quantile_interval(np.array([3.0, 1.0, 2.0]), 0.99)
    assert (found.low, found.value, found.high) == (3.0, 3.0, 3.0)


def test_the_second_fit_is_the_version_and_its_graph_agrees(subject):
    again, parity = second_fit(subject)
    assert again.again == again.registered
    assert parity.n_rows == 10_000
    assert parity.largest_difference <= 1e-12


def test_a_graph_that_is_not_of_this_fit_is_found(subject, champion):
    swapped = replace(subject, bundle=replace(subject.bundle, graph=champion.graph))
    again, parity = second_fit(swapped)
    assert again.again != again.registered
    assert parity is None


def test_rows_that_cannot_be_fitted_reproduce_nothing(subject):
    broken = subject.frame.assign(amount=np.inf)
    again, parity = second_fit(replace(subject, frame=broken))
    assert again.again == ""
    assert parity is None
