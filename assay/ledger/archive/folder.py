"""Put sealed segments into an archive, exactly once, whenever it is tried again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import pyarrow.parquet as pq

from assay.errors import LedgerError
from assay.ledger.archive.parquet import SealedSegment, write_parquet
from assay.ledger.disk import Disk


class Archive(Protocol):
    """Where sealed segments go. It alone knows what it holds."""

    def chain_of(self, segment: SealedSegment) -> str | None:
        """Return the chain of what is held under a segment's name, None for nothing."""

    def put(self, segment: SealedSegment, content: Path) -> None:
        """Take a segment's Parquet file, whole or not at all."""

    def remove(self, segment: SealedSegment) -> None:
        """Delete what is held of a segment; nothing held is in order."""


class FolderArchive:
    """An archive in a folder: a file a segment, renamed into place once it is whole.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    disk : Disk
        Way to the disk.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder, self._disk = folder, disk or Disk()

    def chain_of(self, segment: SealedSegment) -> str | None:
        """Return the chain that a file says it holds.

        Raises
        ------
        LedgerError
            If a file of that name is no archive of ours.
        """
        file = self._folder / segment.name
        if not file.exists():
            return None
        try:
            said: bytes = pq.read_schema(file).metadata[b"assay.chain"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerError(f"{file} is no archived segment: {error}") from error
        return said.decode()

    def put(self, segment: SealedSegment, content: Path) -> None:
        """Take a file; it appears under its name when all of it is on the disk."""
        target = self._folder / segment.name
        target.parent.mkdir(parents=True, exist_ok=True)
        for unfinished in target.parent.glob(f".{target.name}.*"):
            unfinished.unlink()  # of a run that was killed
        self._disk.sync_folder(self._folder)
        self._disk.place(target, content.read_bytes(), 0o440)

    def remove(self, segment: SealedSegment) -> None:
        """Delete a segment's file."""
        file = self._folder / segment.name
        file.unlink(missing_ok=True)
        if file.parent.is_dir():
            self._disk.sync_folder(file.parent)


def ship_segments(
    segments: Iterable[SealedSegment],
    archive: Archive,
    tell: Callable[[SealedSegment], None] = lambda _: None,
) -> int:
    """Put segments that an archive lacks into it and return how many those were.

    The archive itself is asked what it holds, and takes a segment whole or not at all:
    killed at any moment and called again, every segment is there once.

    Raises
    ------
    LedgerError
        If a segment was altered, or the archive holds another history under its name.
    """
    n_shipped = 0
    for segment in segments:
        held = archive.chain_of(segment)
        if held is not None and held != segment.chain:
            raise LedgerError(
                f"the archive holds another history of {segment.stream} {segment.first} "
                f"to {segment.last}: chain {held[:12]}.. there, {segment.chain[:12]}.. "
                "here; run 'assay ledger verify' and keep both"
            )
        if held is None:
            with tempfile.TemporaryDirectory(prefix="assay-archive-") as folder:
                file = Path(folder) / "segment.parquet"
                write_parquet(segment, file)
                archive.put(segment, file)
            n_shipped += 1
            tell(segment)
    return n_shipped
