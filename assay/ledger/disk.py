"""How the ledger reaches the disk: few calls, so that a test can lose power."""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """POSIX files; a record is safe after `sync`, a file's name after `sync_folder`."""

    def open(self, file: Path) -> int:
        """Return a descriptor that appends, of a file that only its owner reads."""
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, descriptor: int, content: bytes) -> None:
        """Write all of `content`."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def sync(self, descriptor: int) -> None:
        """Return once everything written is on the disk."""
        os.fdatasync(descriptor)

    def truncate(self, file: Path, n_bytes: int) -> None:
        """Cut a file, on the disk."""
        descriptor = os.open(file, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, n_bytes)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in a folder are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        os.close(descriptor)

    def place(self, file: Path, content: bytes, mode: int = 0o600) -> None:
        """Write a small file whole or not at all, on the disk."""
        unfinished = file.with_name(f".{file.name}.{os.getpid()}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            self.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.replace(file)
        self.sync_folder(file.parent)
