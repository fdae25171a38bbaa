"""The signed statement that a server follows, and work that no answer waits for.

`StatementKeeper.look` is called with the tags of a registered model at every look at the
registry, `ShadowQueue.offer` after an answer was made.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from assay.errors import RegistryError
from assay.history.statement import (
    STATEMENT_TAG,
    Followed,
    Statement,
    follow,
    read_statement,
)

_log = logging.getLogger(__name__)
Work = TypeVar("Work")
LONGEST_QUEUE = 5_000
GATHER_SECONDS = 0.25


class StatementKeeper:
    """The statement that is followed for each model; it never goes back, not by restart.

    Parameters
    ----------
    folder : Path
        Where the newest statement of each model is kept between two starts; several
        processes may share it.
    keys : callable
        Returns the platform's public keys that are trusted now, 32 bytes each.
    """

    def __init__(self, folder: Path, keys: Callable[[], Sequence[bytes]]) -> None:
        self._folder, self._keys = folder, keys
        self._followed: dict[str, Statement] = {}
        self._looked: dict[str, tuple[object, Followed]] = {}

    def look(self, model_name: str, tags: Mapping[str, str] | None) -> Followed:
        """Return the statement to follow, and what was wrong with a newer one.

        Parameters
        ----------
        model_name : str
            The model.
        tags : mapping of str to str, or None
            All tags of the registered model; None if the registry is out of reach.

        Raises
        ------
        ConfigError
            If the platform's public keys cannot be read.
        """
        texts = {n: t for n, t in (tags or {}).items() if n.startswith(STATEMENT_TAG)}
        keys = tuple(self._keys())
        before = self._followed.get(model_name) or self._kept(model_name, keys)
        if tags is None:
            return Followed(before)
        asked = (texts, keys, before)
        known = self._looked.get(model_name)
        if known is not None and known[0] == asked:
            return known[1]
        found = follow(before, model_name, texts.values(), keys)
        if found.statement is not None:
            if found.statement != before:
                text = texts[f"{STATEMENT_TAG}{found.statement.sequence}"]
                found = self._keep(found, text, keys)
            assert found.statement is not None  # noqa: S101 # what is kept is one
            self._followed[model_name] = found.statement
            asked = (texts, keys, found.statement)
        self._looked[model_name] = asked, found
        return found

    def _kept(self, model_name: str, keys: Sequence[bytes]) -> Statement | None:
        file = self._folder / f"{model_name}.statement"
        with contextlib.suppress(FileNotFoundError):
            try:
                kept = read_statement(file.read_text(), keys)
            except RegistryError as error:
                _log.warning("model=%s kept statement refused: %s", model_name, error)
                return None
            return kept if kept.model_name == model_name else None
        return None

    def _keep(self, found: Followed, text: str, keys: Sequence[bytes]) -> Followed:
        """Write a statement down, unless another process wrote a newer one meanwhile."""
        assert found.statement is not None  # noqa: S101 # the caller asked
        name = found.statement.model_name
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            newer = self._kept(name, keys)
            if newer is not None and newer.sequence > found.statement.sequence:
                return Followed(newer)
            unfinished = self._folder / f".{name}.{os.getpid()}"
            unfinished.write_text(text)
            unfinished.replace(self._folder / f"{name}.statement")
        return found


class ShadowQueue(Generic[Work]):
    """Work on a thread of its own that no answer waits for.

    A full queue drops what comes: a shadow may miss requests, callers may not wait.

    Parameters
    ----------
    do : callable
        Does what came since it was called last, and returns how much of it failed; what
        it raises is logged and counts as a failure of all.
    longest : int
        Pieces of work that may wait.
    gather_seconds : float
        Pause in which work gathers, so that it is done a few times a second.
    """

    def __init__(
        self,
        do: Callable[[Sequence[Work]], int],
        longest: int = LONGEST_QUEUE,
        gather_seconds: float = GATHER_SECONDS,
    ) -> None:
        self._do, self._longest, self._gather = do, longest, gather_seconds
        self._waiting: deque[Work] = deque()
        self._closed = threading.Event()
        self._came = threading.Event()
        self.n_dropped = 0
        self.n_failed = 0
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, work: Work) -> bool:
        """Hand over a piece of work without waiting; False if it was dropped."""
        if len(self._waiting) >= self._longest:
            self.n_dropped += 1
            return False
        self._waiting.append(work)
        if not self._came.is_set():
            self._came.set()
        return True

    def close(self) -> None:
        """Finish what waits, then end."""
        self._closed.set()
        self._came.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._came.wait()
            self._came.clear()
            is_last = self._closed.wait(self._gather)
            gathered = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if gathered:
                self._do_all(gathered)
            if is_last and not self._waiting:
                return
            if is_last:
                self._came.set()

    def _do_all(self, gathered: Sequence[Work]) -> None:
        try:
            self.n_failed += self._do(gathered)
        except Exception as error:  # a shadow's fault is nobody else's
            self.n_failed += len(gathered)
            _log.warning("shadow failed error=%s: %s", type(error).__name__, error)
