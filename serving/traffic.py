"""Which version answers a request, which is only watched, and whether any may answer.

The seam to the routes: `StatementKeeper.look` is called with the tags of a registered
model at every look at the registry, `answering` once a request, `ShadowQueue.offer` after
the answer was made. Nothing here knows the web framework.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

from assay.canary import goes_to_canary
from assay.errors import RegistryError
from assay.history.statement import STATEMENT_TAG, Statement, follow, read_statement
from assay.history.traffic import Served, Traffic

_log = logging.getLogger(__name__)
Work = TypeVar("Work")
LONGEST_QUEUE = 1_000


@dataclass(frozen=True, slots=True)
class Answering:
    """The version that answers a request, and as what."""

    served: Served
    role: Literal["champion", "canary"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody answers; the reason is for the caller, with status 503."""

    reason: str


def answering(traffic: Traffic, entity: str | None) -> Answering | Stopped:
    """Return who answers a request.

    Parameters
    ----------
    traffic : Traffic
        Of the statement that the server follows.
    entity : str or None
        What the request is about. Without one the champion answers, since the same
        applicant must not be decided about by two versions in turn.
    """
    if traffic.stopped:
        return Stopped(traffic.stopped)
    if traffic.champion is None:
        return Stopped("the model has no champion")
    canary = traffic.canary
    if canary is None or entity is None:
        return Answering(traffic.champion, "champion")
    if goes_to_canary(entity, canary.bundle_digest, traffic.canary_share):
        return Answering(canary, "canary")
    return Answering(traffic.champion, "champion")


class StatementKeeper:
    """The statement that is followed for each model; it never goes back, not by restart.

    Parameters
    ----------
    folder : Path
        Where the newest statement of each model is kept between two starts.
    public : bytes
        The platform's public key, 32 bytes.
    """

    def __init__(self, folder: Path, public: bytes) -> None:
        self._folder = folder
        self._public = public
        self._followed: dict[str, Statement] = {}

    def look(self, model_name: str, tags: Mapping[str, str]) -> tuple[Traffic, str]:
        """Return the traffic to follow, and what was wrong with a newer statement.

        Parameters
        ----------
        model_name : str
            The model.
        tags : mapping of str to str
            All tags of the registered model; empty if the registry is out of reach.
        """
        texts = {n: t for n, t in tags.items() if n.startswith(STATEMENT_TAG)}
        before = self._followed.get(model_name) or self._kept(model_name)
        found = follow(before, model_name, texts.values(), self._public)
        if found.statement is None:
            return Traffic(), found.problem
        self._followed[model_name] = found.statement
        if found.statement != before:
            self._keep(model_name, texts[f"{STATEMENT_TAG}{found.statement.sequence}"])
        return found.statement.traffic, found.problem

    def _kept(self, model_name: str) -> Statement | None:
        file = self._folder / f"{model_name}.statement"
        with contextlib.suppress(FileNotFoundError):
            try:
                kept = read_statement(file.read_text(), self._public)
            except RegistryError as error:
                _log.warning("model=%s kept statement refused: %s", model_name, error)
                return None
            return kept if kept.model_name == model_name else None
        return None

    def _keep(self, model_name: str, text: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f".{model_name}.{os.getpid()}"
        unfinished.write_text(text)
        unfinished.replace(self._folder / f"{model_name}.statement")


class ShadowQueue(Generic[Work]):
    """Work on a thread of its own that no answer waits for.

    A full queue drops what comes: a shadow may miss requests, callers may not wait.

    Parameters
    ----------
    do : callable
        Scores and records one request; what it raises is logged and counted.
    longest : int
        Requests that may wait.
    """

    def __init__(self, do: Callable[[Work], None], longest: int = LONGEST_QUEUE) -> None:
        self._do = do
        self._waiting: queue.Queue[Work | None] = queue.Queue(longest)
        self.n_dropped = 0
        self.n_failed = 0
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, work: Work) -> bool:
        """Hand over a request without waiting; False if it was dropped."""
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            self.n_dropped += 1
            return False
        return True

    def close(self) -> None:
        """Finish what waits, then end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                self._do(work)
            except Exception as error:  # a shadow's fault is nobody else's
                self.n_failed += 1
                _log.warning("shadow failed error=%s: %s", type(error).__name__, error)
