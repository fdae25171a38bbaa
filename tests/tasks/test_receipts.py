"""What happened to a rollout that nobody planned."""

from datetime import timedelta

from assay.history import Traffic
from tasks.receipts import early_end
from tasks.rollouts import find_rollout
from tests.tasks.test_rollouts import AS_OF, CHANGED, FIRST, NEW, OLD, TAKEN, TRIAL, entry


def ended(*entries):
    every = [FIRST, TRIAL, *entries]
    return early_end(find_rollout(every, AS_OF, 2), every)


def later(days, action):
    return entry(3, CHANGED + timedelta(days=days), action, Traffic(OLD))


def test_a_canary_that_its_test_withdrew_is_told_with_what_that_does():
    (one,) = ended(later(3, "canary_withdrawn"))
    assert "ended after 3.0 of 28 days (canary withdrawn)" in one
    assert "what was seen decided" in one


def test_a_rollout_that_something_else_ended_is_told():
    (one,) = ended(later(10, "promoted"))
    assert one == "the rollout ended after 10.0 of 28 days (promoted)"


def test_a_rollout_that_lasts_its_window_is_not():
    assert ended() == ()
    assert ended(TAKEN) == ()
    assert ended(entry(3, CHANGED, "shadow_set", Traffic(OLD, NEW, 0.4))) == ()
