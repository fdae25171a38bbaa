"""A request is sent again only where that can help, and not for ever."""

import pytest

from assay.client.errors import (
    ConnectionLostError,
    RefusedRequestError,
    ServiceFailedError,
    UnavailableError,
)
from assay.client.retries import LONGEST_SECONDS, Attempts


def test_a_success_ends_the_attempts():
    assert Attempts(3).after_answer(200, {}, b"") is None


@pytest.mark.parametrize(
    ("status", "kind"), [(422, RefusedRequestError), (500, ServiceFailedError)]
)
def test_what_another_attempt_would_not_change_is_raised_at_once(status, kind):
    with pytest.raises(kind):
        Attempts(3).after_answer(status, {"retry-after": "1"}, b"")


def test_the_services_own_wait_is_kept_up_to_a_limit():
    assert Attempts(3).after_answer(503, {"retry-after": "7"}, b"") == 7.0
    assert Attempts(3).after_answer(429, {"retry-after": "0"}, b"") == 0.0
    assert (
        Attempts(3).after_answer(503, {"retry-after": "9" * 30}, b"") == LONGEST_SECONDS
    )


@pytest.mark.parametrize("text", ["", "soon", "-3", "Fri, 21 Nov 2026 03:00:00 GMT"])
def test_without_one_the_wait_doubles_within_its_jitter(text):
    attempts = Attempts(4)
    waits = [attempts.after_answer(503, {"retry-after": text}, b"") for _ in range(4)]
    for n, wait in enumerate(waits):
        assert 0.05 * 2**n <= wait <= 0.1 * 2**n


def test_after_the_last_attempt_the_answer_is_raised():
    attempts = Attempts(1)
    assert attempts.after_answer(503, {}, b"") is not None
    with pytest.raises(UnavailableError):
        attempts.after_answer(503, {}, b"")


def test_a_lost_connection_is_tried_again_and_then_named():
    attempts = Attempts(1)
    assert attempts.after_loss(OSError("refused")) > 0
    with pytest.raises(ConnectionLostError, match="no answer after 2 attempts: refused"):
        attempts.after_loss(OSError("refused"))
