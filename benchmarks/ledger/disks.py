"""A disk that loses what was not synced, or refuses."""

from __future__ import annotations

import errno
import random
from pathlib import Path

from assay.ledger.disk import Disk


class DiskThatLosesPower(Disk):
    """Remembers what was synced; `lose_power` leaves that and some of the rest."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._files: dict[int, Path] = {}
        self._safe: dict[Path, int] = {}
        self._named: set[Path] = set()
        self.fails = False

    def open(self, file: Path) -> int:
        """Open; the name of a new file is not safe yet."""
        is_new = not file.exists()
        descriptor = super().open(file)
        self._files[descriptor] = file
        if is_new:
            self._safe[file] = 0
        else:
            self._named.add(file)
            self._safe.setdefault(file, file.stat().st_size)
        return descriptor

    def sync(self, descriptor: int) -> None:
        """Remember the size, or refuse."""
        if self.fails:
            raise OSError(errno.EIO, "input/output error")
        self._safe[self._files[descriptor]] = self._files[descriptor].stat().st_size

    def sync_folder(self, folder: Path) -> None:
        """Remember the names."""
        self._named |= {file for file in self._safe if file.parent == folder}

    def truncate(self, file: Path, n_bytes: int) -> None:
        """Cut; what is left is safe."""
        super().truncate(file, n_bytes)
        self._safe[file] = n_bytes

    def lose_power(self) -> None:
        """Take away what was not synced: part of it, all of it, or put zeros there."""
        for file, safe in self._safe.items():
            if file not in self._named:
                file.unlink()
                continue
            written = file.read_bytes()
            kept = self._rng.randint(safe, len(written))
            rest = bytearray(written[safe:kept])
            if rest and self._rng.random() < 0.5:
                place = self._rng.randrange(len(rest))
                rest[place : place + 64] = bytes(len(rest[place : place + 64]))
            file.chmod(0o600)
            file.write_bytes(written[:safe] + rest)
        self._files.clear()
