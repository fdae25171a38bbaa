"""Weights by their name on a model hub, pinned to a commit; nothing here downloads."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from assay.errors import ConfigError, DataError

FILES = ("*.json", "*.safetensors", "*.model", "*.txt")
"""What is taken of a repository: no pickle, no code."""

_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?:@(\S+))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubName(NamedTuple):
    """A repository on a hub at one commit."""

    repository: str
    commit: str

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return what ``owner/name@commit`` names; None where it is no such name.

        Raises
        ------
        ConfigError
            If it names no commit: a branch or a tag can be moved, and the same
            parameters would then train another version.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            return None
        if _COMMIT.fullmatch(found[2] or "") is None:
            raise ConfigError(
                f"{text!r} is no folder here, and as a name on a hub it needs the "
                f"commit: {found[1]}@ and its 40 hexadecimal digits"
            )
        return cls(found[1], found[2])

    def cached(self) -> str:
        """Return the folder of this machine's cache that holds it.

        Raises
        ------
        DataError
            If it is not there.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return str(
                snapshot_download(
                    self.repository,
                    revision=self.commit,
                    allow_patterns=list(FILES),
                    local_files_only=True,
                )
            )
        except LocalEntryNotFoundError as error:
            raise DataError(
                f"{self.repository} at {self.commit[:12]} is not on this machine; let "
                "the run download it (online), or give a folder"
            ) from error
