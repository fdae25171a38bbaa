"""A shadow's scores: made and recorded behind the answers, on a thread and a stream.

No answer waits for a shadow: a request costs the answer's path one entry in a queue. The
thread gives way after every row, gathers what came within a quarter of a second, and
writes it to a stream of the ledger that is its own, so that no decision waits for its
sync either.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from serving.boundary.metrics import Labels
from serving.champion import Champion
from serving.problems import Problem
from serving.scoring.decision import Decision
from serving.scoring.trial import Decide
from serving.traffic import ShadowQueue

GIVE_WAY_SECONDS: Final = 0.0002
"""Pause after every row: whoever waits for the interpreter gets it."""

_log = logging.getLogger("assay.serving")


class Seen(NamedTuple):
    """An answered row."""

    shadow: Champion
    request_id: str
    by: Champion
    decision: Decision


class ShadowDesk:
    """Scores answered rows by the version that is only watched.

    Parameters
    ----------
    folder : Path
        Folder of the ledger.
    stream : str
        Name of the stream that shadows of this process write; empty where no ledger is
        kept: a score that nobody could read is not made.
    decide : callable
        From a version and a body to the decision on it.
    gauge : callable
        Told name, value and labels of what was counted so far.
    """

    def __init__(
        self,
        folder: Path,
        stream: str,
        decide: Decide,
        gauge: Callable[[str, float, Labels], None] = lambda *_: None,
    ) -> None:
        self._folder, self._stream = folder, stream
        self._decide, self._gauge = decide, gauge
        self._queue: ShadowQueue[Seen] | None = None
        self._writer: StreamWriter | None = None
        self.n_scored = 0

    def offer(
        self, champion: Champion, request_id: str, by: Champion, decision: Decision
    ) -> None:
        """Hand an answered row over; nobody waits for what becomes of it.

        Parameters
        ----------
        champion : Champion
            With the shadow beside it, or without one.
        request_id : str
            Of the record.
        by : Champion
            Who answered: the champion or its canary.
        decision : Decision
            What was answered.
        """
        if champion.beside is None or champion.beside.shadow is None:
            return
        if not self._stream:
            return
        if self._queue is None:
            self._queue = ShadowQueue(self._score)
        self._queue.offer(Seen(champion.beside.shadow, request_id, by, decision))

    def offer_all(
        self,
        champion: Champion,
        request_id: str,
        made: Iterable[tuple[int, tuple[Champion, Decision | Problem]]],
    ) -> None:
        """Hand over the answered rows of one request by their numbers."""
        if champion.beside is None:
            return
        for number, (by, found) in made:
            if not isinstance(found, Problem):
                self.offer(champion, f"{request_id}/{number}", by, found)

    def close(self) -> None:
        """Score what waits, write it down, and seal the stream."""
        if self._queue is not None:
            self._queue.close()
            self._queue = None
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()

    def _score(self, waiting: Sequence[Seen]) -> int:
        """Score rows and write the records down; return how many failed."""
        entries = []
        for seen in waiting:
            try:
                body = orjson.dumps(seen.decision.inputs)
                entries.append(_entry(seen, self._decide(seen.shadow, body)))
            except Exception as error:  # a shadow's fault is nobody else's
                _log.warning("shadow=%s failed error=%s", seen.shadow.version, error)
            time.sleep(GIVE_WAY_SECONDS)
        self._write(entries)
        self.n_scored += len(entries)
        n_failed = len(waiting) - len(entries)
        queue = self._queue
        counts = {
            "scored": self.n_scored,
            "dropped": queue.n_dropped if queue else 0,
            "failed": n_failed + (queue.n_failed if queue else 0),
        }
        for outcome, n_rows in counts.items():
            self._gauge("assay_shadow_rows", n_rows, (("outcome", outcome),))
        return n_failed

    def _write(self, entries: list[bytes]) -> None:
        if not entries:
            return
        try:
            if self._writer is None:
                self._writer = StreamWriter(self._folder, self._stream)
            for entry in entries:
                self._writer.stage(entry)
            self._writer.commit(sync=True)
        except LedgerError:
            # What is on the disk is not known: the stream is opened anew, and looked at.
            if self._writer is not None:
                writer, self._writer = self._writer, None
                writer.close()
            raise


def _entry(seen: Seen, decision: Decision) -> bytes:
    """Return the record of a shadow's score; the row stands in the answered record."""
    shadow = seen.shadow
    return entry_bytes(
        {
            "kind": "shadow",
            "request_id": seen.request_id,
            "model": shadow.model_name,
            "version": shadow.version,
            "bundle_digest": shadow.bundle.digest,
            "role": "shadow",
            "probability": decision.probability,
            "threshold": shadow.threshold,
            "decision": shadow.decision(decision.probability),
            "answered_version": seen.by.version,
            "answered_probability": seen.decision.probability,
            "policy": "",
        }
    )
