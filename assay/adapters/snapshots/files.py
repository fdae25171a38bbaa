"""Files that are whole or not there: atomic writes, content names, one writer."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from assay.errors import SourceError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def keep_table(table: pa.Table, folder: Path) -> tuple[Path, bool]:
    """Return the file of `table`, named by its content, and whether it is new.

    The bytes depend on the rows, the schema and the Parquet library's version alone.

    Raises
    ------
    SourceError
        If the file cannot be written, or a file of this name has other bytes.
    """
    with _partial_in(folder) as partial:
        pyarrow.parquet.write_table(
            table.replace_schema_metadata(None),
            partial,
            compression="zstd",
            version="2.6",
            row_group_size=2**17,
        )
        _sync(partial)
        target = folder / f"{sha256_of(partial)}.parquet"
        if target.exists():
            if sha256_of(target) != target.stem:
                raise SourceError(f"{target} was altered; delete it and write again")
            return target, False
        partial.chmod(0o444)
        partial.replace(target)
    return target, True


def write_atomically(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file and put it in the place of `target` at once.

    Raises
    ------
    SourceError
        If it cannot be written; `target` is then what it was.
    """
    with _partial_in(target.parent) as partial:
        write(partial)
        _sync(partial)
        partial.replace(target)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the only right to write in `folder`, across processes; wait for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".assay-lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise SourceError(f"cannot write in {folder}: {error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _partial_in(folder: Path) -> Iterator[Path]:
    """Give the path of a new file in `folder`; what is left of it is removed."""
    partial: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".partial-", dir=folder)
        os.close(handle)
        partial = Path(name)
        partial.chmod(0o644)
        yield partial
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(
            f"cannot write in {folder}: {error}; free space or correct its rights, "
            "nothing was kept"
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
