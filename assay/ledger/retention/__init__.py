"""How long records are kept: legal hold beats retention, retention beats erasure."""

from assay.ledger.retention.custody import (
    Hold,
    active_holds,
    append_custody,
    custody_records,
    place_hold,
    release_hold,
)
from assay.ledger.retention.erasure import Erasure, erase_due, request_erasure
from assay.ledger.retention.profiles import RetentionProfile, retention_profiles
from assay.ledger.retention.retire import Retired, retire_segments

__all__ = [
    "Erasure",
    "Hold",
    "RetentionProfile",
    "Retired",
    "active_holds",
    "append_custody",
    "custody_records",
    "erase_due",
    "place_hold",
    "release_hold",
    "request_erasure",
    "retention_profiles",
    "retire_segments",
]
