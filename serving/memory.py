"""Keep a worker small, and its collector out of the way of requests."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable


class Tidying:
    """Tidy up after versions were loaded; nothing else makes a worker grow.

    What loading leaves behind is freed and given back to the system. What stays, a
    hundred thousand objects, is taken out of the collector's sight: looking at all of
    them holds requests up for tens of milliseconds.
    """

    def __init__(self) -> None:
        self._seen: object = None
        self._give_back = _give_back()

    def after(self, standings: object) -> bool:
        """Tidy up where the standings are others than last time; say whether.

        Parameters
        ----------
        standings : object
            Replaced whenever a version is loaded.
        """
        if standings is self._seen:
            return False
        self._seen = standings
        gc.unfreeze()  # the version before may be in there
        gc.collect()
        gc.freeze()
        self._give_back()
        return True


def _give_back() -> Callable[[], object]:
    """Return glibc's way to hand freed memory back; nothing where there is no such."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0)
