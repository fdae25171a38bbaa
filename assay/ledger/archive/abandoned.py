"""Seal what processes left open that are gone, so that it is archived like the rest."""

from __future__ import annotations

from pathlib import Path

from assay.errors import LedgerError
from assay.ledger.archive.parquet import sealed_segments
from assay.ledger.recovery import segments_of
from assay.ledger.stream import StreamWriter


def seal_abandoned(ledger: Path) -> tuple[list[str], list[str]]:
    """Seal every stream that has no writer and ends in a segment that is not sealed.

    A half-written tail is cut and recorded, as always when a stream is opened.

    Returns
    -------
    sealed, refused : list of str
        Streams that were sealed, and what stood against others: one that was altered is
        left as it is, for `assay ledger verify`.
    """
    ends = {segment.file for segment in sealed_segments(ledger)}
    sealed, refused = [], []
    folders = (each for each in (ledger / "streams").glob("*") if each.is_dir())
    for folder in sorted(folders):
        segments = segments_of(folder)
        if not segments or segments[-1] in ends:
            continue
        try:
            StreamWriter(ledger, folder.name).close()
            sealed.append(folder.name)
        except LedgerError as error:
            if "another writer" not in str(error):
                refused.append(str(error))
    return sealed, refused
