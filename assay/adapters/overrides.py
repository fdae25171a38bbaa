"""Plans and overrides as lines that are only ever appended."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import DataError, SourceError

if TYPE_CHECKING:
    from assay.settings import Settings


def override_log(settings: Settings) -> Path:
    """Return the file of all overrides of withheld numbers."""
    return settings.home.resolve() / "causal" / "overrides.jsonl"


def plan_log(settings: Settings) -> Path:
    """Return the file of all registered plans."""
    return settings.home.resolve() / "causal" / "plans.jsonl"


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append a record as one JSON line and wait until it is on disk.

    Raises
    ------
    SourceError
        If it cannot be written; the caller must then not go on.
    """
    line = (json.dumps(record, sort_keys=True, allow_nan=False) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending: lines of two writers do not mix.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SourceError(f"cannot append to {path}: {error}") from error
    if written != len(line):
        raise SourceError(f"only {written} of {len(line)} bytes went to {path}")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return all records of a file, oldest first; none if it is not there yet.

    Raises
    ------
    DataError
        If a line is not JSON, with its number.
    """
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            records.append(json.loads(line))
        except ValueError as error:
            raise DataError(
                f"line {number} of {path.name} is no JSON; it was altered or cut off"
            ) from error
    return records
