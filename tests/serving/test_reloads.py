"""Champions move under load, some to broken bundles: nothing fails, nothing is wrong."""

import asyncio

import numpy as np
import pytest

from benchmarks.serving.asking import ANSWER
from benchmarks.serving.reloads import KINDS, LEARN_SECONDS, Seen, expected, run


@pytest.mark.slow
def test_no_request_fails_and_none_is_answered_by_what_was_not_champion():
    seen = asyncio.run(run((2_000, 8, 3)))
    assert seen.n_failed == 0
    assert seen.wrong() == []
    assert len(seen.broken) == 3
    assert len(seen.answers) >= 2_000
    assert seen.versions == {version for _, version in seen.moves}
    assert len(KINDS) == 5


def test_the_judge_sees_what_would_be_wrong():
    seen = Seen(moves=[(100.0, 0), (110.0, 1)], broken={2})

    def wrong(begun, version, probability=None, status=200):
        value = expected(version) if probability is None else probability
        answer = (100 + begun, 100 + begun + 0.01, status, version, value)
        seen.answers = np.array([answer], dtype=ANSWER)
        return len(seen.wrong())

    assert wrong(5, 0) == 0
    assert wrong(10 + LEARN_SECONDS / 2, 0) == 0
    assert wrong(10 + 2 * LEARN_SECONDS, 0) == 1
    assert wrong(9, 1) == 1
    assert wrong(11, 1) == 0
    assert wrong(11, 1, expected(0)) == 1
    assert wrong(11, 2) == 1
    assert wrong(11, 7) == 1
    assert seen.n_failed == 0
    assert wrong(11, -1, 0.0, status=503) == 0
    assert seen.n_failed == 1
    assert wrong(11, -1, 0.0, status=0) == 0
    assert seen.n_failed == 1
