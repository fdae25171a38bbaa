"""A process that asks for decisions over many connections and writes each answer down.

Run by the benchmarks of the service as ``python -m benchmarks.serving.asking PORT
CONNECTIONS FILE``; it asks until it is told to end, then waits for what is under way.
Every connection is kept open and asks again as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import numpy as np
import orjson
import uvloop
from numpy.typing import NDArray

from tests.serving.conftest import ROW

Answers: TypeAlias = NDArray[Any]
ANSWER: Final = np.dtype(
    [
        ("begun", "<f8"),
        ("ended", "<f8"),
        ("status", "<i4"),
        ("version", "<i4"),
        ("probability", "<f8"),
    ]
)
"""One answer: monotonic seconds, HTTP status (0 for a lost connection), who, what."""

N_PROCESSES: Final = 2
N_CONNECTIONS: Final = 32
FLUSH: Final = 1_000
AGAIN_SECONDS: Final = 0.05
_BODY: Final = json.dumps(ROW).encode()
REQUEST: Final = (
    b"POST /v1/models/tiny/score HTTP/1.1\r\nHost: x\r\nContent-Length: %d"
    b"\r\nContent-Type: application/json\r\n\r\n%b"
) % (len(_BODY), _BODY)
_LENGTH: Final = b"\r\ncontent-length: "

Row = tuple[float, float, int, int, float]


class Notes:
    """What was answered, on its way to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("wb", buffering=0)
        self._rows: list[Row] = []
        self.is_over = False

    def add(self, row: Row) -> None:
        """Keep one answer; now and then all that are kept go to the file."""
        self._rows.append(row)
        if len(self._rows) >= FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        self._file.write(np.array(self._rows, dtype=ANSWER).tobytes())
        self._rows.clear()


class Asking(asyncio.Protocol):
    """One connection that asks, reads the whole answer, and asks again."""

    def __init__(self, notes: Notes, ended: asyncio.Event) -> None:
        self._notes, self._ended = notes, ended
        self._transport: asyncio.Transport | None = None
        self._read, self._begun, self._is_asked = b"", 0.0, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind
        self._ask()

    def _ask(self) -> None:
        if self._transport is None:
            return
        if self._notes.is_over:
            self._transport.close()
            return
        self._begun, self._is_asked = time.monotonic(), True
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        """Read on; note the answer and ask again once it is whole."""
        self._read = self._read + data if self._read else data
        end = self._read.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        at = self._read.lower().find(_LENGTH, 0, end) + len(_LENGTH)
        length = int(self._read[at : self._read.find(b"\r", at)])
        if len(self._read) < end + length:
            return
        status = int(self._read[9:12])
        version, probability = -1, 0.0
        if status == 200:
            content = orjson.loads(self._read[end : end + length])
            version, probability = int(content["version"]), content["probability"]
        self._read, self._is_asked = self._read[end + length :], False
        self._notes.add((self._begun, time.monotonic(), status, version, probability))
        self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        """Note a request that was not answered."""
        if self._is_asked:
            self._notes.add((self._begun, time.monotonic(), 0, -1, 0.0))
        self._ended.set()


async def ask(port: int, notes: Notes) -> None:
    """Ask over one connection, over another where it is lost, until it is over."""
    loop = asyncio.get_running_loop()
    while not notes.is_over:
        ended = asyncio.Event()
        try:
            await loop.create_connection(lambda: Asking(notes, ended), "127.0.0.1", port)  # noqa: B023 # used at once
        except OSError:
            now = time.monotonic()
            notes.add((now, now, 0, -1, 0.0))
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        await ended.wait()


async def run(port: int, n_connections: int, file: Path) -> None:
    """Ask until SIGTERM comes."""
    notes = Notes(file)

    def end() -> None:
        notes.is_over = True

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
    await asyncio.gather(*(ask(port, notes) for _ in range(n_connections)))
    notes.flush()


@dataclass(slots=True)
class Askers:
    """The processes that ask, and what they have written down so far.

    Attributes
    ----------
    folder : Path
        Where they write.
    processes : list of Process
        As they were started.
    """

    folder: Path
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, port: int) -> None:
        """Begin to ask."""
        for n in range(N_PROCESSES):
            file = self.folder / f"{n}.answers"
            file.touch()
            command = ("-m", "benchmarks.serving.asking", f"{port}", f"{N_CONNECTIONS}")
            self.processes.append(
                await asyncio.create_subprocess_exec(sys.executable, *command, str(file))
            )

    @property
    def n_answers(self) -> int:
        """Answers so far."""
        sizes = (file.stat().st_size for file in self.folder.glob("*.answers"))
        return sum(sizes) // ANSWER.itemsize

    async def end(self) -> Answers:
        """End the asking, and return every answer.

        Raises
        ------
        RuntimeError
            If a process did not end as it should: its answers would be missing.
        """
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        ends = [await process.wait() for process in self.processes]
        if any(ends):
            raise RuntimeError(f"processes that asked ended with {ends}, not with 0")
        files = sorted(self.folder.glob("*.answers"))
        return np.concatenate([np.fromfile(file, ANSWER) for file in files])


def main(arguments: Sequence[str]) -> None:
    """Ask as the command line says."""
    port, n_connections, file = arguments
    uvloop.run(run(int(port), int(n_connections), Path(file)))


if __name__ == "__main__":
    main(sys.argv[1:])
