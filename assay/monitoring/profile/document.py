"""A reference as one file: plain arrays, no pickle, the same bytes for the same rows."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError
from assay.monitoring.profile.columns import (
    CategoryProfile,
    ColumnProfile,
    NumberProfile,
)
from assay.monitoring.profile.reference import Reference

PROFILE = "profile.npz"
FORMAT = 1

Arrays: TypeAlias = Callable[[str], NDArray[Any]]

_OLDEST = (1980, 1, 1, 0, 0, 0)
_NUMBER = {"values": "<f8", "ranks": "<i8", "edges": "<f8", "counts": "<i8"}
UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
"""What reading a broken file of arrays raises."""


def profile_bytes(reference: Reference) -> bytes:
    """Return a reference as an .npz file; the same reference gives the same bytes."""
    return arrays_bytes(_arrays(reference))


def arrays_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays by name as an .npz file; the same arrays give the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_OLDEST)
            entry.create_system = 3  # else it would name the machine it was made on
            written = io.BytesIO()
            np.save(written, array, allow_pickle=False)
            archive.writestr(entry, written.getvalue())
    return content.getvalue()


def read_profile(content: bytes) -> Reference:
    """Return the reference of a file whose digest was checked.

    Raises
    ------
    BundleError
        If the file does not read or disagrees with itself.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return _reference(lambda name: np.asarray(archive[name]))
    except UNREADABLE as error:
        raise BundleError(f"{PROFILE} does not read: {error}") from error


def map_profile(path: Path) -> Reference:
    """Return the reference of a file on disk, mapped column by column when asked for.

    A column's pages leave memory with the last use of the column, so that a reference
    larger than memory can be compared with.

    Raises
    ------
    BundleError
        As `read_profile`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            places = {
                entry.filename.removesuffix(".npy"): entry.header_offset
                for entry in archive.infolist()
            }
        return _reference(lambda name: _mapped(path, places[name]), lazily=True)
    except UNREADABLE as error:
        raise BundleError(f"{path} does not read: {error}") from error


def _arrays(reference: Reference) -> dict[str, NDArray[Any]]:
    names = list(reference.columns)
    head: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for place, name in enumerate(names):
        column = reference.columns[name]
        entry: dict[str, Any] = {"name": name, "n_missing": column.n_missing}
        if isinstance(column, NumberProfile):
            entry["rank_error"] = column.rank_error
            for part, dtype in _NUMBER.items():
                arrays[f"{place}/{part}"] = getattr(column, part).astype(dtype)
        else:
            entry["categories"] = list(column.categories)
            arrays[f"{place}/counts"] = column.counts.astype("<i8")
        head.append(entry)
    text = json.dumps({"format": FORMAT, "columns": head}, sort_keys=True)
    return {"head": np.frombuffer(text.encode(), dtype=np.uint8), **arrays}


class _Mapped(Mapping[str, ColumnProfile]):
    """Columns that are mapped anew each time they are asked for."""

    def __init__(self, entries: Sequence[Mapping[str, Any]], arrays: Arrays) -> None:
        self._places = {entry["name"]: place for place, entry in enumerate(entries)}
        self._entries, self._arrays = entries, arrays

    def __getitem__(self, name: str) -> ColumnProfile:
        place = self._places[name]
        return _column(self._entries[place], place, self._arrays)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _reference(arrays: Arrays, *, lazily: bool = False) -> Reference:
    head = json.loads(bytes(arrays("head")))
    if head["format"] != FORMAT:
        raise ValueError(f"its format is {head['format']}, this code reads {FORMAT}")
    mapped = _Mapped(head["columns"], arrays)
    return Reference(mapped if lazily else dict(mapped))


def _column(entry: Mapping[str, Any], place: int, arrays: Arrays) -> ColumnProfile:
    if "categories" in entry:
        counts = arrays(f"{place}/counts")
        if len(counts) != len(entry["categories"]):
            raise ValueError(f"{entry['name']!r} has not one count a category")
        return CategoryProfile(tuple(entry["categories"]), counts, entry["n_missing"])
    parts = {part: arrays(f"{place}/{part}") for part in _NUMBER}
    if len(parts["values"]) != len(parts["ranks"]):
        raise ValueError(f"{entry['name']!r} has not one rank a value")
    return NumberProfile(
        **parts, n_missing=entry["n_missing"], rank_error=entry["rank_error"]
    )


def _mapped(path: Path, header_offset: int) -> NDArray[Any]:
    """Return an array inside a stored archive as a map of its place in the file."""
    with path.open("rb") as file:
        file.seek(header_offset)
        local = file.read(30)
        n_name, n_extra = struct.unpack("<HH", local[26:30])
        file.seek(header_offset + 30 + n_name + n_extra)
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        offset = file.tell()
    if not all(shape):
        return np.empty(shape, dtype)
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
