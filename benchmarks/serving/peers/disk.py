"""What the disk alone takes: the floor of an answer that waits for its record."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

N_SYNCS, RECORD = 1_000, b"x" * 1_024


def sync_line(folder: Path) -> str:
    """Return how long an appended record and its fdatasync take, one after the other."""
    file = folder / "synced"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    took = np.empty(N_SYNCS)
    try:
        for n in range(N_SYNCS):
            begun = time.perf_counter()
            os.write(descriptor, RECORD)
            os.fdatasync(descriptor)
            took[n] = time.perf_counter() - begun
    finally:
        os.close(descriptor)
        file.unlink()
    half, tail = np.quantile(took, (0.5, 0.99)) * 1e3
    return (
        "The disk alone right after the rounds, one record of 1 KiB appended and synced "
        f"after the other: median {half:.1f} ms, p99 {tail:.1f} ms. A request that comes "
        "while a group is written waits for that group and then for its own."
    )
