"""The drift of a window that lies in many Parquet files, here or among Dask's workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assay.adapters.fan_out import FanOut
from assay.errors import DataError, SourceError
from assay.monitoring.distances import ColumnDrift, WindowCounts, count_window
from assay.monitoring.profile import Reference

BATCH_ROWS = 262_144


@dataclass(frozen=True, slots=True)
class _Counter:
    """Counts one of the files; sent once to each worker."""

    reference: Reference
    files: tuple[str, ...]

    def __call__(self, piece: int) -> WindowCounts:
        file = self.files[piece]
        try:
            with pq.ParquetFile(file) as opened:
                names = [
                    n for n in self.reference.columns if n in opened.schema_arrow.names
                ]
                batches = opened.iter_batches(batch_size=BATCH_ROWS, columns=names)
                return count_window(
                    self.reference,
                    (dict(zip(b.schema.names, b.columns, strict=True)) for b in batches),
                )
        except (OSError, pa.ArrowInvalid) as error:
            raise SourceError(f"{file} does not read as Parquet: {error}") from error
        except DataError as error:
            raise DataError(f"{file}: {error}") from error


def files_drift(
    reference: Reference, files: Sequence[Path], spread: FanOut
) -> tuple[ColumnDrift, ...]:
    """Return how far each column of a window in many files moved.

    Parameters
    ----------
    reference : Reference
        What the window is compared with.
    files : sequence of Path
        Parquet files with rows of the window, at least one; where Dask's workers read
        them, under the same paths there.
    spread : FanOut
        Where the files are counted. The result is the same for any number of workers.

    Returns
    -------
    tuple of ColumnDrift
        As of `assay.monitoring.distances.stream_drift`. Memory is a batch of rows and
        two integers a kept reference value for each worker.

    Raises
    ------
    DataError
        If there is no file, a file has no row, or files have different columns.
    SourceError
        If a file does not read.
    """
    if not files:
        raise DataError("there is no file, and nothing to compare the reference with")
    counter = _Counter(reference, tuple(map(str, files)))
    whole: WindowCounts | None = None
    for part in spread(counter, range(len(files))):
        if whole is None:
            whole = part
        else:
            whole.join(part)
    assert whole is not None  # noqa: S101 # there is a file
    return whole.drifts(reference)
