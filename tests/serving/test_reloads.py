"""Champions move under load, some to broken bundles: nothing fails, nothing is wrong."""

import asyncio
import time

import pytest

from benchmarks.serving.reloads import KINDS, LEARN_SECONDS, Seen, expected, run


@pytest.mark.slow
def test_no_request_fails_and_none_is_answered_by_what_was_not_champion():
    seen = asyncio.run(run((2_000, 8, 3)))
    assert seen.n_failed == 0
    assert seen.wrong() == []
    assert len(seen.broken) == 3
    assert seen.n_requests >= 2_000
    answered = {version for _, _, version, _ in seen.answers}
    assert answered == {version for _, version in seen.moves}
    assert len(KINDS) == 5


def test_the_judge_sees_what_would_be_wrong():
    now = time.monotonic()
    seen = Seen(moves=[(now, "0"), (now + 10, "1")], broken={"2"})

    def wrong(begun, version, probability=None):
        value = expected(version) if probability is None else probability
        seen.answers = [(now + begun, now + begun + 0.01, version, value)]
        return len(seen.wrong())

    assert wrong(5, "0") == 0
    assert wrong(10 + LEARN_SECONDS / 2, "0") == 0
    assert wrong(10 + 2 * LEARN_SECONDS, "0") == 1
    assert wrong(9, "1") == 1
    assert wrong(11, "1") == 0
    assert wrong(11, "1", expected("0")) == 1
    assert wrong(11, "2") == 1
    assert wrong(11, "7") == 1
    seen.statuses = {200: 5, 503: 1}
    assert seen.n_failed == 1
