"""Versions of an index: built beside the current one, switched to, rolled back."""

from assay.retrieval.index.build import Encoding, build_version
from assay.retrieval.index.current import (
    OpenIndex,
    current_version,
    open_current,
    open_version,
    promote_version,
    roll_back,
)
from assay.retrieval.index.manifest import IndexManifest, read_manifest
from assay.retrieval.index.recalibrated import recalibrated_version

__all__ = [
    "Encoding",
    "IndexManifest",
    "OpenIndex",
    "build_version",
    "current_version",
    "open_current",
    "open_version",
    "promote_version",
    "read_manifest",
    "recalibrated_version",
    "roll_back",
]
