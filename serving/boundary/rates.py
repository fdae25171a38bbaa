"""How often a key may ask: a bucket of tokens for each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

BURST_SECONDS = 1.0
MOST_BUCKETS = 10_000


@dataclass(slots=True)
class Buckets:
    """One bucket of tokens for each name; a request takes one token.

    A bucket fills with its rate and holds what comes in `BURST_SECONDS`, at least one.

    Attributes
    ----------
    clock : callable
        Seconds that never go back.
    """

    clock: Callable[[], float] = time.monotonic
    _held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_seconds(self, name: str, rate_per_second: float) -> int:
        """Take a token and return 0, or return after how many whole seconds to ask.

        Parameters
        ----------
        name : str
            Whose bucket.
        rate_per_second : float
            Tokens that come in each second, greater than 0.
        """
        now = self.clock()
        most = max(1.0, rate_per_second * BURST_SECONDS)
        tokens, before = self._held.get(name, (most, now))
        tokens = min(most, tokens + (now - before) * rate_per_second)
        if len(self._held) >= MOST_BUCKETS and name not in self._held:
            self._held.clear()
        if tokens >= 1.0:
            self._held[name] = (tokens - 1.0, now)
            return 0
        self._held[name] = (tokens, now)
        return math.ceil((1.0 - tokens) / rate_per_second)
