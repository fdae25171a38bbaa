"""References kept as histograms and sorted sketches; no reference table is read again."""

from assay.monitoring.profile.columns import (
    CategoryProfile,
    ColumnProfile,
    NumberProfile,
    category_profile,
    number_profile,
)
from assay.monitoring.profile.counting import category_counts
from assay.monitoring.profile.document import (
    PROFILE,
    map_profile,
    profile_bytes,
    read_profile,
)
from assay.monitoring.profile.reference import LENGTH, SCORE, Reference, profile_frame

__all__ = [
    "LENGTH",
    "PROFILE",
    "SCORE",
    "CategoryProfile",
    "ColumnProfile",
    "NumberProfile",
    "Reference",
    "category_counts",
    "category_profile",
    "map_profile",
    "number_profile",
    "profile_bytes",
    "profile_frame",
    "read_profile",
]
