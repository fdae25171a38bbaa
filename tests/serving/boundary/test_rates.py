"""No key gets more than its rate, over any stretch of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.boundary.rates import BURST_SECONDS, Buckets


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@given(
    st.floats(0.5, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_what_passes_is_never_more_than_the_burst_and_the_rate(rate, pauses):
    clock = Clock()
    buckets = Buckets(clock)
    n_passed = 0
    for pause in pauses:
        clock.now += pause
        n_passed += buckets.wait_seconds("a", rate) == 0
    most = max(1.0, rate * BURST_SECONDS) + sum(pauses) * rate
    assert n_passed <= most + 1e-6


def test_the_wait_that_is_named_is_long_enough_and_names_do_not_share():
    clock = Clock()
    buckets = Buckets(clock)
    assert buckets.wait_seconds("a", 0.25) == 0
    wait = buckets.wait_seconds("a", 0.25)
    assert wait == 4
    assert buckets.wait_seconds("b", 0.25) == 0
    clock.now += wait
    assert buckets.wait_seconds("a", 0.25) == 0


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_a_steady_caller_at_the_rate_is_never_stopped(rate):
    clock = Clock()
    buckets = Buckets(clock)
    for _ in range(500):
        clock.now += 1.0001 / rate
        assert buckets.wait_seconds("a", rate) == 0
