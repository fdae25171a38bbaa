"""Sign what the ledger holds: one Merkle root over all streams.

Leaves stand in the order in which checkpoints took them in: checkpoint by checkpoint,
within one stream by stream, within one record by record. So the tree only grows.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from assay.errors import LedgerError
from assay.ledger.disk import Disk
from assay.ledger.merkle import TreeFiles
from assay.ledger.recovery import segments_of
from assay.ledger.signing import public_bytes
from assay.ledger.standalone import (
    SIGNED,
    StreamWalk,
    genesis,
    leaf_hash,
    read_checkpoint,
    segment_lines,
)
from assay.ledger.stream import utc_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was signed.

    Attributes
    ----------
    number, size : int
        Its number from 1, and the number of records that it covers.
    root : str
        Merkle root, 64 hexadecimal digits.
    streams : mapping
        By stream: ``size``, records covered, and ``chain`` behind the last of them.
    """

    number: int
    size: int
    root: str
    streams: dict[str, dict[str, Any]]
    digest: str


NOTHING = Checkpoint(0, 0, "", {}, "")


def checkpoint_files(ledger: Path) -> list[Path]:
    """Return the checkpoints' files in order."""
    return sorted((ledger / "checkpoints").glob("[0-9]*.json"))


def open_checkpoint(file: Path, public: bytes | None) -> Checkpoint:
    """Return what a file says, if its signature holds; without a key, unchecked.

    Raises
    ------
    LedgerError
        If it does not.
    """
    said = read_checkpoint(file.read_bytes(), public)
    if said is None:
        raise LedgerError(
            f"{file} is not as this key signed it; run 'assay ledger verify' and compare "
            "with the copy in the second place"
        )
    return Checkpoint(
        said["number"], said["size"], said["root"], said["streams"], said["digest"]
    )


def write_checkpoint(
    ledger: Path,
    key: Ed25519PrivateKey,
    *,
    copies: Path | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> Checkpoint:
    """Sign everything that the streams hold and return the checkpoint.

    Writers go on meanwhile. Without new records the last checkpoint is returned.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    key : Ed25519PrivateKey
        From `signing_key`.
    copies : Path, optional
        Second place, best on another machine: every checkpoint is copied there.
    clock : callable
        Nanoseconds since 1970, UTC.

    Raises
    ------
    LedgerError
        If a stream does not continue what was signed before: nothing is signed then.
    """
    folder = ledger / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        public = public_bytes(key)
        files = checkpoint_files(ledger)
        last = open_checkpoint(files[-1], public) if files else NOTHING
        with _tree(ledger, files, last, public) as tree:
            ends = _take_in(ledger, last, tree)
            if tree.size == last.size:
                _copy(files, copies)
                return last
            tree.flush()
            said = {
                "key": hashlib.sha256(public).hexdigest()[:16],
                "number": last.number + 1,
                "previous": last.digest,
                "root": tree.root().hex(),
                "size": tree.size,
                "streams": ends,
                "time": utc_text(clock()),
            }
        body = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        signature = key.sign(SIGNED + body).hex().encode()
        content = b'{"checkpoint":%b,"signature":"%b"}\n' % (body, signature)
        file = folder / f"{last.number + 1:08d}.json"
        Disk().place(file, content)
        _copy([*files, file], copies)
        return open_checkpoint(file, public)


def new_bodies(
    folder: Path, size: int, chain: bytes, limit: int | None = None
) -> Iterator[tuple[int, bytes, bytes]]:
    """Return sequence, body and chain of each record behind number `size`.

    Only whole records are taken, and only after they were synced.

    Raises
    ------
    LedgerError
        If one does not continue `chain`.
    """
    segments = segments_of(folder)
    starts = [int(each.stem) for each in segments]
    begin = max((i for i, at in enumerate(starts) if at <= size + 1), default=0)
    for segment in segments[begin:]:
        n_bytes = _synced_bytes(segment)
        for line in segment_lines(segment, folder.name):
            if isinstance(line, bytes) or line.offset + line.raw_bytes > n_bytes:
                return
            if 0 < line.sequence < size:
                continue
            is_last = line.sequence == size and size > 0
            computed = hashlib.sha256(chain + line.body).digest()
            if is_last and line.chain == chain:
                continue
            if is_last or line.sequence != size + 1 or line.chain != computed:
                raise LedgerError(
                    f"{segment} does not continue record {size} of what was signed; run "
                    "'assay ledger verify', nothing more is signed until it passes"
                )
            size, chain = line.sequence, computed
            yield size, line.body, chain
            if size == limit:
                return


def _take_in(
    ledger: Path, last: Checkpoint, tree: TreeFiles
) -> dict[str, dict[str, Any]]:
    ends = dict(last.streams)
    present = {each.name for each in (ledger / "streams").glob("*") if each.is_dir()}
    absent = set(ends) - present
    if absent:
        raise LedgerError(
            f"streams were signed and are gone: {', '.join(sorted(absent))}"
        )
    for name in sorted(present):
        size, chain = _end(ends, name)
        for sequence, body, follows in new_bodies(ledger / "streams" / name, size, chain):
            tree.add(leaf_hash(body))
            size, chain = sequence, follows
        if size:
            ends[name] = {"chain": chain.hex(), "size": size}
    return ends


def _tree(ledger: Path, files: list[Path], last: Checkpoint, public: bytes) -> TreeFiles:
    folder = ledger / "tree"
    try:
        tree = TreeFiles(folder, last.size)
        if not last.size or tree.root().hex() == last.root:
            return tree
        tree.close()
    except LedgerError:
        # It follows from the segments: building it again loses nothing.
        pass
    tree = TreeFiles(folder, 0)
    walks: dict[str, StreamWalk] = {}
    for file in files:
        said = open_checkpoint(file, public)
        for name in sorted(said.streams):
            if name not in walks:
                walks[name] = StreamWalk(ledger / "streams" / name, public)
            for leaf in walks[name].until(said.streams[name]["size"]):
                tree.add(leaf)
        if tree.root().hex() != said.root:
            tree.close()
            raise LedgerError(f"{file} signed another root; run 'assay ledger verify'")
    tree.flush()
    return tree


def _end(ends: dict[str, dict[str, Any]], name: str) -> tuple[int, bytes]:
    if name not in ends:
        return 0, genesis(name)
    return int(ends[name]["size"]), bytes.fromhex(ends[name]["chain"])


def _synced_bytes(segment: Path) -> int:
    with segment.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        os.fdatasync(file.fileno())
    return n_bytes


def _copy(files: list[Path], copies: Path | None) -> None:
    if copies is None:
        return
    copies.mkdir(parents=True, exist_ok=True)
    for file in reversed(files):
        there = copies / file.name
        if there.exists():
            return
        Disk().place(there, file.read_bytes())
