"""Where the settings put sealed segments: a folder, object storage or the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.ledger.tables import TableArchive
from assay.errors import SourceError
from assay.ledger.archive import Archive, FolderArchive

if TYPE_CHECKING:
    from assay.ledger.archive import SealedSegment
    from assay.settings import Settings

DATABASE = "database"
CHAIN = "assay-chain"
LONGEST_WAIT_SECONDS = 60


def archive_of(settings: Settings) -> Archive:
    """Return the archive that the setting `ledger_archive` names.

    A folder, an ``s3://`` URL, or ``database`` for Assay's own tables; a folder below
    `home` where it is empty.
    """
    where = settings.ledger_archive
    if where == DATABASE:
        return TableArchive(settings)
    if where.startswith("s3://"):
        return ObjectArchive(where, settings.s3_endpoint)
    return FolderArchive(
        Path(where) if where else settings.home.resolve() / "ledger-archive"
    )


class ObjectArchive:
    """An archive in object storage: an object a segment, put at one stroke.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``.
    endpoint : str
        Of an S3-compatible store; empty means the cloud's own. Keys come from the
        environment, as every S3 client reads them.
    """

    def __init__(self, url: str, endpoint: str = "") -> None:
        import boto3  # type: ignore[import-untyped] # it has no types
        from botocore.config import Config  # type: ignore[import-untyped] # likewise

        self._bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            config=Config(
                connect_timeout=LONGEST_WAIT_SECONDS, read_timeout=LONGEST_WAIT_SECONDS
            ),
        )

    def chain_of(self, segment: SealedSegment) -> str | None:
        """Return the chain that an object says it holds, None where there is none."""
        from botocore.exceptions import (  # type: ignore[import-untyped] # no types
            BotoCoreError,
            ClientError,
        )

        try:
            head = self._client.head_object(Bucket=self._bucket, Key=self._key(segment))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise self._refused(error) from error
        except BotoCoreError as error:
            raise self._refused(error) from error
        return str(head["Metadata"].get(CHAIN, ""))

    def put(self, segment: SealedSegment, content: Path) -> None:
        """Take a file; readers see all of it or nothing."""
        self._call(
            "put_object",
            Key=self._key(segment),
            Body=content.read_bytes(),
            Metadata={CHAIN: segment.chain},
        )

    def remove(self, segment: SealedSegment) -> None:
        """Delete a segment's object."""
        self._call("delete_object", Key=self._key(segment))

    def _call(self, what: str, **arguments: Any) -> None:  # noqa: ANN401 # boto3's own
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, what)(Bucket=self._bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise self._refused(error) from error

    def _key(self, segment: SealedSegment) -> str:
        return f"{self._prefix}{segment.name}"

    def _refused(self, error: Exception) -> SourceError:
        return SourceError(
            f"the archive s3://{self._bucket}/{self._prefix} did not do what was asked: "
            f"{error}; is ASSAY_LEDGER_ARCHIVE right, and may these keys write there?"
        )
