"""Sealed segments as Parquet, put where they are kept for years, exactly once."""

from assay.ledger.archive.abandoned import seal_abandoned
from assay.ledger.archive.folder import Archive, FolderArchive, ship_segments
from assay.ledger.archive.parquet import SealedSegment, sealed_segments, write_parquet

__all__ = [
    "Archive",
    "FolderArchive",
    "SealedSegment",
    "seal_abandoned",
    "sealed_segments",
    "ship_segments",
    "write_parquet",
]
