"""A CSV or Parquet file, or a folder of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from assay.errors import ConfigError, DataError, SourceError

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def read_path(text: str) -> pd.DataFrame:
    """Return the rows of a file, or of all files of a folder in the order of their names.

    Raises
    ------
    SourceError
        If nothing is there, or it cannot be read.
    ConfigError
        If it is neither CSV nor Parquet.
    DataError
        If it is damaged, or the files of a folder have different columns.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        return _read_folder(path)
    return read_csv(path) if _kind_of(path, text) == "csv" else read_parquet(path)


def iterate_path(text: str, chunk_rows: int) -> Iterator[pd.DataFrame]:
    """Give the rows of `read_path` in order, at most `chunk_rows` at a time.

    Files are streamed: a fault far into one is raised when it is reached. Errors are
    those of `read_path`.
    """
    path = Path(text).expanduser()
    if path.is_dir():
        for one in _files_of(path):
            yield from iterate_path(str(one), chunk_rows)
        return
    if _kind_of(path, text) == "csv":
        with _csv_faults(path):
            for batch in pa.csv.open_csv(path, *_csv_options(path)):
                for start in range(0, batch.num_rows, chunk_rows):
                    yield batch.slice(start, chunk_rows).to_pandas()
        return
    # Without reading ahead, which would keep the whole file's bytes.
    opened = pyarrow.parquet.ParquetFile
    with _parquet_faults(path), opened(path, pre_buffer=False) as file:
        for batch in file.iter_batches(batch_size=chunk_rows):
            yield batch.to_pandas()


def read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV file in UTF-8 with a header, every cell as text."""
    with _csv_faults(path):
        frame: pd.DataFrame = pa.csv.read_csv(path, *_csv_options(path)).to_pandas()
    return frame


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file in the types that it holds."""
    with _parquet_faults(path), pyarrow.parquet.ParquetFile(path) as file:
        frame: pd.DataFrame = file.read().to_pandas()
    return frame


def _kind_of(path: Path, text: str) -> str:
    if not path.exists():
        raise SourceError(
            f"no file or folder {text!r} (looked in {Path.cwd()}); give the path of a "
            "CSV or Parquet file, or of a folder of them"
        )
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(
            f"{path.name!r} is neither CSV nor Parquet; allowed endings: "
            f"{', '.join(SUFFIXES)}"
        )
    return kind


def _csv_options(
    path: Path,
) -> tuple[pa.csv.ReadOptions, pa.csv.ParseOptions, pa.csv.ConvertOptions]:
    header = _header(path)
    # One thread: only then does an error name its row.
    read = pa.csv.ReadOptions(
        column_names=header, skip_rows_after_names=1, use_threads=False
    )
    parse = pa.csv.ParseOptions(newlines_in_values=True)
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
    )
    return read, parse, convert


@contextmanager
def _csv_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        raise DataError(f"{path.name} is no clean CSV file: {error}") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error


@contextmanager
def _parquet_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowInvalid as error:
        raise DataError(f"{path.name} is no Parquet file: {error}") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def _read_folder(folder: Path) -> pd.DataFrame:
    paths = _files_of(folder)
    frames = [read_path(str(path)) for path in paths]
    first = set(frames[0].columns)
    for path, frame in zip(paths, frames, strict=True):
        if set(frame.columns) != first:
            raise DataError(
                f"{path.name} and {paths[0].name} have different columns: only one of "
                f"the two has {', '.join(sorted(map(str, set(frame.columns) ^ first)))}"
            )
    return _stacked(frames)


def _files_of(folder: Path) -> list[Path]:
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise SourceError(
            f"folder {str(folder)!r} holds no file that ends in {', '.join(SUFFIXES)}"
        )
    return paths


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the frames one below the other; a column of several types holds objects."""
    columns = {}
    for name in frames[0].columns:
        parts = [frame[name] for frame in frames]
        if len({part.dtype for part in parts}) > 1:
            parts = [part.astype(object) for part in parts]
        columns[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(columns)


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name} is no CSV file in UTF-8: {error}") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    if not names:
        raise DataError(f"{path.name} has no header; its first line names the columns")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path.name} has columns that come twice: {', '.join(twice)}")
    return names
