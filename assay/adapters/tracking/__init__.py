"""MLflow: runs with their evidence, versions with their aliases."""

from assay.adapters.tracking.attachments import (
    attach_files,
    attachment_page,
    tag_version,
)
from assay.adapters.tracking.registry import Registry, VersionRecord
from assay.adapters.tracking.runs import Evidence, LoggedRun, log_evidence, log_training

__all__ = [
    "Evidence",
    "LoggedRun",
    "Registry",
    "VersionRecord",
    "attach_files",
    "attachment_page",
    "log_evidence",
    "log_training",
    "tag_version",
]
