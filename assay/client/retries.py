"""When a request is sent again: how often, after which wait, and what is raised last."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from assay.client.errors import ConnectionLostError, error_of

AGAIN = frozenset((429, 502, 503, 504))
LONGEST_SECONDS = 30.0
_FIRST_SECONDS = 0.1


@dataclass(slots=True)
class Attempts:
    """The attempts of one call.

    A request that changes something carries an idempotency key, the same at each
    attempt: a service that carried it out before gives the same answer again.

    Attributes
    ----------
    most : int
        Attempts after the first.
    n_made : int
        Attempts that were made.
    """

    most: int
    n_made: int = 0

    def after_answer(
        self, status: int, headers: Mapping[str, str], content: bytes
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None for a success.

        Raises
        ------
        ScoringError
            If the answer is an error that another attempt would not change, or this
            was the last one.
        """
        self.n_made += 1
        if 200 <= status < 300:
            return None
        if status not in AGAIN or self.n_made > self.most:
            raise error_of(status, content)
        return self._wait(headers.get("retry-after", ""))

    def after_loss(self, error: Exception) -> float:
        """Return the seconds to wait after an attempt that gave no answer.

        Raises
        ------
        ConnectionLostError
            If this was the last attempt.
        """
        self.n_made += 1
        if self.n_made > self.most:
            raise ConnectionLostError(
                f"no answer after {self.n_made} attempts: "
                f"{error or type(error).__name__}; check the address and the service",
                0,
                {},
            ) from error
        return self._wait("")

    def _wait(self, retry_after: str) -> float:
        """Return what the service asks for, else a wait that doubles, with jitter."""
        if retry_after.isdecimal():
            return min(float(retry_after[:6]), LONGEST_SECONDS)
        share = 0.5 + secrets.randbelow(1_000) / 2_000  # callers must not march in step
        return min(_FIRST_SECONDS * 2.0 ** (self.n_made - 1), LONGEST_SECONDS) * share
