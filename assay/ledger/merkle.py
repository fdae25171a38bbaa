"""The Merkle tree over all records, on disk, so that a proof reads kilobytes.

File ``tree/07`` holds, 32 bytes each and in order, the hashes of the whole subtrees of
2**7 leaves. It all follows from the segments and is built again where it is missing.

References
----------
Laurie, Langley, Kasper, "Certificate Transparency", RFC 6962, section 2.1, 2013.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from assay.errors import LedgerError
from assay.ledger.standalone import Frontier, node_hash

HASH_BYTES = 32
FLUSH_LEAVES = 65536


class TreeFiles:
    """Levels of the tree, open at a size; a context manager.

    Parameters
    ----------
    folder : Path
        Folder of the level files; made where it is missing.
    size : int
        Number of leaves that count: what a killed process left behind them is cut when
        the first leaf is added.

    Raises
    ------
    LedgerError
        If the files hold fewer leaves.
    """

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(exist_ok=True)
        self._folder, self.size = folder, size
        self._descriptors: list[int] = []
        self._added: list[list[bytes]] = []
        self._written: list[int] = []
        self._is_clean = False
        for level in range(size.bit_length()):
            self._open(level)
            held = os.fstat(self._descriptors[level]).st_size // HASH_BYTES
            if held < size >> level:
                self.close()
                raise LedgerError(
                    f"{folder}/{level:02d} holds {held} hashes of {size >> level}; "
                    "delete the folder: the next checkpoint builds it again"
                )

    def __enter__(self) -> TreeFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptors back."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def add(self, leaf: bytes) -> None:
        """Append a leaf's hash, and every subtree that it makes whole."""
        self._cut_what_does_not_count()
        node, level, index = leaf, 0, self.size
        while True:
            if level == len(self._descriptors):
                self._open(level)
            self._added[level].append(node)
            if not index & 1:
                break
            node = node_hash(self._node(level, index - 1), node)
            level, index = level + 1, index >> 1
        self.size += 1
        if len(self._added[0]) == FLUSH_LEAVES:
            self.flush()

    def flush(self) -> None:
        """Write what was added."""
        for level, descriptor in enumerate(self._descriptors):
            added = self._added[level]
            self._written[level] += len(added)
            os.lseek(descriptor, 0, os.SEEK_END)
            content = memoryview(b"".join(added))
            while content:
                content = content[os.write(descriptor, content) :]
            added.clear()

    def root(self, size: int | None = None) -> bytes:
        """Return the hash of the tree of the first `size` leaves, or of all."""
        size = self.size if size is None else size
        return self._hash(0, size) if size else Frontier().root()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the path from leaf `index` to the root of the first `size` leaves.

        Raises
        ------
        LedgerError
            If the leaf is not among them.
        """
        if not 0 <= index < size <= self.size:
            raise LedgerError(f"leaf {index} is not in a tree of {size} of {self.size}")
        path, start, end = [], 0, size
        while end - start > 1:
            middle = start + _largest_power_below(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the path that shows the tree of `old` leaves to begin that of `new`.

        Raises
        ------
        LedgerError
            If the sizes are out of order.
        """
        if not 0 < old <= new <= self.size:
            raise LedgerError(f"no path from {old} to {new} leaves of {self.size}")
        path, start, end, is_whole = [], 0, new, True
        while old != end:
            middle = start + _largest_power_below(end - start)
            if old <= middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start, is_whole = middle, False
        if not is_whole:
            path.append(self._hash(start, end))
        return path[::-1]

    def _hash(self, start: int, end: int) -> bytes:
        n_leaves = end - start
        if n_leaves & (n_leaves - 1) == 0:
            level = n_leaves.bit_length() - 1
            return self._node(level, start >> level)
        middle = start + _largest_power_below(n_leaves)
        return node_hash(self._hash(start, middle), self._hash(middle, end))

    def _node(self, level: int, index: int) -> bytes:
        waiting = index - self._written[level]
        if waiting >= 0:
            return self._added[level][waiting]
        return os.pread(self._descriptors[level], HASH_BYTES, index * HASH_BYTES)

    def _open(self, level: int) -> None:
        # A text, since making a path costs more than opening it, and a proof opens many.
        file = f"{self._folder}/{level:02d}"
        self._descriptors.append(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self._added.append([])
        self._written.append(0 if self._is_clean else self.size >> level)
        if self._is_clean:
            os.ftruncate(self._descriptors[level], 0)

    def _cut_what_does_not_count(self) -> None:
        if not self._is_clean:
            for level, descriptor in enumerate(self._descriptors):
                os.ftruncate(descriptor, (self.size >> level) * HASH_BYTES)
            self._is_clean = True


def _largest_power_below(n_leaves: int) -> int:
    return 1 << (n_leaves - 1).bit_length() - 1
