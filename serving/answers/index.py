"""The document index in memory: opened beside the requests, replaced when it moves."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import AssayError
from serving.problems import Problem

if TYPE_CHECKING:
    from assay.retrieval.index import OpenIndex

_log = logging.getLogger("assay.serving")

LOOK_SECONDS = 0.25
RETRY_SECONDS = 30.0


class IndexKeeper:
    """Holds the index that answers and follows the pointer in a thread of its own.

    Until there is an index, nothing of `assay.retrieval` is imported: a process that
    only scores pays nothing for it.

    Parameters
    ----------
    root : Path
        Folder of the document index.
    look_seconds : float
        Time between two looks at the pointer.

    Attributes
    ----------
    held : OpenIndex or None
        What answers.
    problem : str
        Why the current version does not answer, or nothing does; empty where it does.
    """

    def __init__(self, root: Path, look_seconds: float = LOOK_SECONDS) -> None:
        self._root, self._look_seconds = root, look_seconds
        self.held: OpenIndex | None = None
        self.problem = "no index is there yet; run the flow index-documents"
        self._seen, self._tried = b"", 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow the pointer."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._follow, name="index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is held stays."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(LOOK_SECONDS * 8)

    def index(self) -> OpenIndex:
        """Return what answers.

        Raises
        ------
        Problem
            503 while there is none.
        """
        held = self.held
        if held is None:
            raise Problem(
                503,
                f"no document index answers yet: {self.problem}",
                {"title": "The documents do not answer yet"},
                {"Retry-After": "1"},
            )
        return held

    def look(self) -> None:
        """Look at the pointer once; open what it names if it moved."""
        try:
            pointer = (self._root / "current.json").read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self.problem = f"current.json cannot be read: {error.strerror}"
            return
        broken = bool(self.problem) and time.monotonic() - self._tried > RETRY_SECONDS
        if pointer == self._seen and not broken:
            return
        self._seen, self._tried = pointer, time.monotonic()
        self._open()

    def _open(self) -> None:
        from functools import partial

        from assay.retrieval.index import open_current
        from assay.retrieval.index.encoders import query_encoder

        try:
            found, self.problem = open_current(
                self._root, partial(query_encoder, self._root), self.held
            )
        except AssayError as error:
            self.problem = str(error)
        else:
            if self.held is None or found.version != self.held.version:
                _log.info("index answers version=%s", found.version)
            self.held = found
        if self.problem:
            _log.warning("index version refused: %s", self.problem)

    def _follow(self) -> None:
        while True:
            try:
                self.look()
            except Exception as error:  # the thread must outlive what it cannot foresee
                self.problem = f"the index cannot be opened: {type(error).__name__}"
                _log.exception("index cannot be opened")
            if self._stop.wait(self._look_seconds):
                return
