"""What may follow on what."""

import pytest

from assay.errors import ConfigError, RegistryError
from assay.history.traffic import (
    Served,
    Traffic,
    promoted,
    read_traffic,
    resumed,
    stopped,
    traffic_content,
    with_canary,
    with_shadow,
    without_canary,
)

ONE, TWO, THREE = (Served(n, f"{n:064x}") for n in (1, 2, 3))


def test_a_promotion_ends_the_canary_and_keeps_the_shadow():
    tried = with_shadow(with_canary(Traffic(ONE), TWO, 0.1), THREE)
    assert promoted(tried, TWO) == Traffic(TWO, shadow=THREE)


def test_a_shadow_that_becomes_champion_is_no_shadow_any_more():
    assert promoted(with_shadow(Traffic(ONE), TWO), TWO).shadow is None


def test_a_promotion_does_not_lift_a_stop():
    assert promoted(stopped(Traffic(ONE), "fire"), TWO).stopped == "fire"


def test_while_stopped_nobody_answers_and_after_it_the_champion_does():
    traffic = with_canary(Traffic(ONE), TWO, 0.1)
    assert traffic.answered_by(1)
    assert traffic.answered_by(2)
    assert not traffic.answered_by(3)
    held = stopped(traffic, " a reason ")
    assert held.stopped == "a reason"
    assert not held.answered_by(1)
    assert resumed(held) == traffic


def test_a_withdrawn_canary_leaves_the_champion():
    tried = with_canary(Traffic(ONE), TWO, 0.1)
    assert without_canary(tried) == Traffic(ONE)


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, float("nan")])
def test_a_canary_gets_a_share_above_0_and_at_most_half(share):
    with pytest.raises(ConfigError, match="share"):
        with_canary(Traffic(ONE), TWO, share)


def test_half_the_requests_are_allowed():
    assert with_canary(Traffic(ONE), TWO, 0.5).canary_share == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: promoted(Traffic(ONE), ONE),
        lambda: with_canary(Traffic(), TWO, 0.1),
        lambda: with_canary(Traffic(ONE), ONE, 0.1),
        lambda: without_canary(Traffic(ONE)),
        lambda: with_shadow(Traffic(ONE), ONE),
        lambda: resumed(Traffic(ONE)),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(RegistryError):
        wrong()


def test_a_stop_has_a_reason():
    with pytest.raises(ConfigError, match="reason"):
        stopped(Traffic(ONE), "  ")


def test_traffic_reads_back():
    full = Traffic(ONE, TWO, 0.25, THREE, "fire")
    for traffic in (Traffic(), full):
        assert read_traffic(traffic_content(traffic)) == traffic
