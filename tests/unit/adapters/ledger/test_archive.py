"""The archive that the settings name, object storage among them."""

from __future__ import annotations

import socket

import pytest
from moto.server import ThreadedMotoServer

from assay.adapters.ledger.archive import ObjectArchive, archive_of
from assay.adapters.ledger.tables import TableArchive
from assay.errors import LedgerError, SourceError
from assay.ledger import StreamWriter
from assay.ledger.archive import FolderArchive, sealed_segments, ship_segments
from assay.settings import Settings
from benchmarks.ledger.attacks import sample_entry


@pytest.fixture
def segments(tmp_path):
    writer = StreamWriter(tmp_path / "ledger", "w", segment_bytes=12_000)
    for number in range(30):
        writer.stage(sample_entry(number))
        writer.commit()
    writer.close()
    return list(sealed_segments(tmp_path / "ledger"))


@pytest.fixture
def store(monkeypatch):
    """Run a real HTTP server that speaks S3, with one bucket."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port)
    server.start()
    url = f"http://127.0.0.1:{port}"
    import boto3

    boto3.client("s3", endpoint_url=url).create_bucket(Bucket="archive")
    yield url
    server.stop()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_segments_go_into_object_storage_once(segments, store):
    archive = ObjectArchive("s3://archive/ledger", store)
    assert ship_segments(segments, archive) == len(segments)
    assert ship_segments(segments, archive) == 0
    one = segments[0]
    forged = type(one)(one.file, one.stream, one.first, one.last, "0" * 64)
    with pytest.raises(LedgerError, match="another history"):
        ship_segments([forged], archive)
    archive.remove(one)
    assert archive.chain_of(one) is None
    assert archive.chain_of(segments[1]) == segments[1].chain
    elsewhere = ObjectArchive("s3://nowhere", store)
    with pytest.raises(SourceError, match="ASSAY_LEDGER_ARCHIVE"):
        elsewhere.put(one, one.file)


def test_the_setting_names_the_archive(tmp_path):
    def kind(where):
        return type(archive_of(Settings(home=tmp_path, ledger_archive=where)))

    assert kind("") is FolderArchive
    assert kind(str(tmp_path / "elsewhere")) is FolderArchive
    assert kind("database") is TableArchive
