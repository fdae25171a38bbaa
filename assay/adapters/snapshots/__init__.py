"""Snapshots: immutable tables as of an instant, found by their content."""

from assay.adapters.snapshots.store import (
    Snapshot,
    SnapshotStore,
    lineage_of,
    read_snapshot,
)

__all__ = ["Snapshot", "SnapshotStore", "lineage_of", "read_snapshot"]
