"""What every answer and every word on it leaves behind, in a stream of its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from assay.errors import LedgerError
from assay.ledger import StreamWriter, ThreadCommitter, entry_bytes
from assay.ledger.reading import find_record

STREAM = "answers"
MOST_WRITERS = 64
ADDRESS = re.compile(r"answers(?:-\d{1,2})?:\d{1,18}")


class AnswerRecords:
    """The ledger's stream of answers; opened by the first answer.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._committer: ThreadCommitter | None = None

    def append(self, entry: Mapping[str, Any]) -> str:
        """Return the address of a record once it is on the disk.

        Raises
        ------
        LedgerError
            If the ledger does not take it.
        """
        content = entry_bytes(entry)
        committer = self._opened()
        try:
            return committer.append(content).address
        except LedgerError:
            with self._lock:
                if self._committer is committer:
                    self._committer = None
            committer.close()
            raise

    def find(self, address: str) -> dict[str, Any]:
        """Return the entry of an answer.

        Raises
        ------
        LedgerError
            If there is none at that address.
        """
        if not ADDRESS.fullmatch(address):
            raise LedgerError(f"{address[:80]!r} is no answer's id; one is answers:17")
        entry = orjson.loads(find_record(self._ledger, address).body)["entry"]
        if entry.get("kind") != "answer":
            raise LedgerError(f"the record {address} is no answer")
        return dict(entry)

    def close(self) -> None:
        """Seal the stream."""
        with self._lock:
            committer, self._committer = self._committer, None
        if committer is not None:
            committer.close()

    def _opened(self) -> ThreadCommitter:
        with self._lock:
            if self._committer is None:
                self._committer = ThreadCommitter(_free_stream(self._ledger))
            return self._committer


def _free_stream(ledger: Path) -> StreamWriter:
    """Return a writer of the first stream that no other process writes."""
    for number in range(1, MOST_WRITERS):
        name = STREAM if number == 1 else f"{STREAM}-{number}"
        try:
            return StreamWriter(ledger, name)
        except LedgerError as error:
            if "another writer holds" not in str(error):
                raise
        except OSError as error:
            raise LedgerError(f"the ledger cannot be opened: {error.strerror}") from error
    raise LedgerError(f"{MOST_WRITERS} processes write answers already")
