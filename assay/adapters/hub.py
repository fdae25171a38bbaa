"""Weights from a model hub, downloaded once into the machine's cache."""

from __future__ import annotations

from assay.encoders.hub import FILES, HubName
from assay.errors import SourceError

TIMEOUT_SECONDS = 10.0
"""Longest wait for the hub's first answer."""


def download(name: HubName) -> str:
    """Return the folder into which a repository's files were downloaded.

    What is in the cache is not asked for again. ``HF_ENDPOINT``, ``HF_HOME`` and
    ``HF_TOKEN`` are read by the hub's own library.

    Raises
    ------
    SourceError
        If the hub cannot be reached, or has no such repository or commit.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    asked = f"{name.repository} at {name.commit[:12]}"
    try:
        return str(
            snapshot_download(
                name.repository,
                revision=name.commit,
                allow_patterns=list(FILES),
                etag_timeout=TIMEOUT_SECONDS,
            )
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise SourceError(
            f"the hub at {constants.ENDPOINT} cannot be reached, and {asked} is not in "
            "the cache; check network, HF_ENDPOINT and HF_HUB_OFFLINE, or give a folder"
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise SourceError(
            f"the hub at {constants.ENDPOINT} does not give {asked}: "
            f"{str(error).splitlines()[0]}"
        ) from error
