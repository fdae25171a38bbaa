"""A writer under load that names on standard output what it has acknowledged.

Run by the crash tests as ``python -m benchmarks.ledger.crash LEDGER STREAM``, to be
killed at any moment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from assay.ledger import LoopCommitter, StreamWriter, entry_bytes

N_CALLERS = 16


async def write_for_ever(ledger: Path, stream: str) -> None:
    """Append from several callers; each writes a line once its record is safe."""
    committer = LoopCommitter(StreamWriter(ledger, stream, segment_bytes=30_000))

    async def caller(number: int) -> None:
        turn = 0
        while True:
            request_id = f"{os.getpid()}-{number}-{turn}"
            entry = {"kind": "decision", "request_id": request_id, "padding": "x" * 300}
            receipt = await committer.append(entry_bytes(entry))
            os.write(1, f"{receipt.sequence} {request_id}\n".encode())
            turn += 1

    await asyncio.gather(*(caller(number) for number in range(N_CALLERS)))


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1]), sys.argv[2]))
