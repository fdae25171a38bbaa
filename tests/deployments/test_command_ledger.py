"""``assay ledger``: the orders on a ledger of a few records."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.recovery import segments_of
from assay.ledger.signing import read_public
from assay.ledger.standalone import proof_holds
from deployments.command import command


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    writer = StreamWriter(tmp_path / "ledger", "worker-1")
    for number in range(5):
        writer.stage(entry_bytes({"kind": "decision", "request_id": f"r{number}"}))
    writer.close()
    return tmp_path


def order(*words):
    return CliRunner().invoke(command(), ["ledger", *map(str, words)])


def test_a_record_is_signed_verified_shown_proven_and_exported(home):
    assert "checkpoint 1: 7 records" in order("checkpoint").stdout
    assert "7 records, 7 under 1 checkpoints: ok" in order("verify").stdout
    assert json.loads(order("show", "r3").stdout)["entry"]["request_id"] == "r3"
    assert order("prove", "r3", "--out", home / "proof.json").exit_code == 0
    proof = json.loads((home / "proof.json").read_text())
    assert proof_holds(proof, read_public(home / "keys" / "platform.pub"))
    out = home / "all.ndjson"
    said = order("export", "--from", "2000", "--to", "2999", "--out", out)
    assert "7 records written" in said.stdout
    assert len(out.read_bytes().splitlines()) == 7


def test_damage_is_named_and_gives_exit_code_1(home):
    order("checkpoint", "--copies", home / "copies")
    file = segments_of(home / "ledger" / "streams" / "worker-1")[0]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b'"r3"', b'"r9"'))
    said = order("verify", "--copies", home / "copies")
    assert said.exit_code == 1
    assert "altered" in said.stdout
    assert "worker-1" in said.stdout
    assert "damaged" in said.stdout


def test_a_folder_without_a_ledger_is_said_to_be_none(home):
    said = order("show", "r1", "--folder", home / "elsewhere")
    assert isinstance(said.exception, LedgerError)


def test_segments_are_shipped_once_and_a_hold_keeps_what_erasure_asks_for(home):
    assert "1 segments shipped" in order("ship").stdout
    assert "0 segments shipped" in order("ship").stdout
    assert len(list((home / "ledger-archive").rglob("*.parquet"))) == 1
    words = ("case-7", "--reason", "court", "--by", "counsel", "--subject", "ann")
    assert "is active" in order("hold", *words).stdout
    assert "case-7: " in order("holds").stdout
    assert isinstance(order("hold", *words).exception, LedgerError)
    assert "0 records, 0 keys destroyed" in order("erase", "ann").stdout
    assert "is released" in order("release", "case-7", "--by", "counsel").stdout
    assert order("holds").stdout == ""
    order("checkpoint")
    assert ": ok" in order("verify").stdout
