"""Keys of subjects, in a folder apart from the ledger.

Keys are drawn in blocks and synced before the first of them is used: a decision never
waits for a key of its own to reach the disk. A block is given out by one process and
never taken up again; keys that it did not use are simply lost.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from assay.errors import LedgerError
from assay.ledger.disk import Disk

KEY_BYTES = 32
DESTROYED = bytes(KEY_BYTES)
_ADDRESS = re.compile(r"([0-9a-f]{16})\.([0-9]{1,9})")


class KeyStore:
    """Blocks of AES-256 keys, one file each, mode 0600.

    Parameters
    ----------
    folder : Path
        Made where it is missing. Keep it, and its backups, apart from the ledger's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def secret(self) -> bytes:
        """Return the secret that turns names of subjects into pseudonyms, 32 bytes."""
        file = self._folder / "pseudonyms.key"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            mine = self._folder / f".pseudonyms.{os.getpid()}"
            Disk().place(mine, secrets.token_bytes(KEY_BYTES))
            try:
                os.link(mine, file)  # of two processes that begin at once, one wins
            except FileExistsError:
                pass
            finally:
                mine.unlink()
            Disk().sync_folder(self._folder)
        return file.read_bytes()

    def draw(self, n_keys: int) -> Iterator[tuple[str, bytes]]:
        """Return new keys with their addresses, safe on the disk."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        block = secrets.token_hex(8)
        content = secrets.token_bytes(KEY_BYTES * n_keys)
        Disk().place(self._folder / f"{block}.keys", content)
        for place in range(n_keys):
            start = place * KEY_BYTES
            yield f"{block}.{place}", content[start : start + KEY_BYTES]

    def key(self, address: str) -> bytes | None:
        """Return the key at an address, or None where it was destroyed.

        Raises
        ------
        LedgerError
            If there never was one.
        """
        file, offset = self._place(address)
        with file.open("rb") as block:
            block.seek(offset)
            key = block.read(KEY_BYTES)
        if len(key) != KEY_BYTES:
            raise LedgerError(f"no key {address!r} in {self._folder}")
        return None if key == DESTROYED else key

    def destroy(self, addresses: Iterable[str]) -> int:
        """Overwrite keys with zeros, on the disk, and return how many there were.

        Raises
        ------
        LedgerError
            If one never existed; those before it are destroyed.
        """
        n_destroyed = 0
        for address in sorted(set(addresses)):
            if self.key(address) is None:
                continue
            file, offset = self._place(address)
            descriptor = os.open(file, os.O_WRONLY)
            try:
                os.pwrite(descriptor, DESTROYED, offset)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            n_destroyed += 1
        return n_destroyed

    def _place(self, address: str) -> tuple[Path, int]:
        parts = _ADDRESS.fullmatch(address)
        file = self._folder / f"{parts[1]}.keys" if parts else None
        if parts is None or file is None or not file.is_file():
            raise LedgerError(
                f"no key {address[:40]!r} in {self._folder}; is this the key store of "
                "the ledger (setting ledger_keys)?"
            )
        return file, int(parts[2]) * KEY_BYTES
