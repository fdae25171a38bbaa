"""Checkpoints, proofs and verification, and what tampering is called."""
# ruff: noqa: S311 # draws what a test does, not keys

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import assay.ledger.standalone as standalone
from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.merkle import TreeFiles
from assay.ledger.reading import find_record, prove, records_between
from assay.ledger.signing import public_bytes, read_public, signing_key
from assay.ledger.standalone import (
    consistency_holds,
    proof_holds,
    signature_holds,
    verify_ledger,
)
from benchmarks.ledger.attacks import ATTACKS, carry_out, is_named, make_target


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    return make_target(folder / "ledger", folder / "copies")


def entry(number):
    return entry_bytes({"kind": "test", "request_id": f"r{number}", "number": number})


@pytest.mark.slow
@pytest.mark.parametrize("kind", ATTACKS, ids=lambda each: each.__name__)
def test_a_thousand_tamperings_are_all_found_and_named(target, kind):
    rng = random.Random(kind.__name__)
    for _ in range(143):
        attack = kind(target, rng)
        seen = carry_out(target, attack)
        assert is_named(attack, seen), (attack.name, attack.where, attack.at, seen)
    assert verify_ledger(target.folder, target.public, target.copies).passed


def test_a_whole_ledger_passes_and_every_record_is_covered(target):
    seen = verify_ledger(target.folder, target.public, target.copies)
    assert seen.findings == ()
    assert seen.n_records == seen.n_covered
    assert seen.n_checkpoints == 4


def test_a_ledger_without_its_last_checkpoint_passes_alone_but_not_beside_the_copy(
    target,
):
    last = target.checkpoints()[-1]
    last.unlink()
    try:
        alone = verify_ledger(target.folder, target.public)
        beside = verify_ledger(target.folder, target.public, target.copies)
    finally:
        last.write_bytes(target.files[last])
    assert alone.passed
    assert {each.kind for each in alone.findings} == {"uncovered"}
    assert [each.kind for each in beside.findings] == ["checkpoint_missing"]


def test_another_key_vouches_for_nothing(target):
    other = public_bytes(Ed25519PrivateKey.generate())
    seen = verify_ledger(target.folder, other)
    assert {each.kind for each in seen.findings if each.is_damage} == {
        "checkpoint_altered"
    }


def test_every_record_is_proven_and_a_changed_one_is_not(target):
    for stream in ("worker-1", "worker-2", "worker-3"):
        n_records = sum(target.files[f].count(b"\n") for f in target.segments(stream))
        for sequence in range(1, n_records + 1):
            proof = prove(target.folder, f"{stream}:{sequence}")
            assert proof_holds(proof, target.public)
            changed = proof | {"record": proof["record"].replace("0", "1", 1)}
            assert not proof_holds(changed, target.public)
            assert not proof_holds(proof | {"index": proof["index"] + 1}, target.public)


def test_a_record_is_found_by_request_and_by_address(target):
    by_request = find_record(target.folder, "request-00000042")
    stream = json.loads(by_request.body)["stream"]
    by_address = find_record(target.folder, f"{stream}:{by_request.sequence}")
    assert by_address.body == by_request.body
    with pytest.raises(LedgerError, match="no record"):
        find_record(target.folder, "request-00009999")
    with pytest.raises(LedgerError, match="no record"):
        find_record(target.folder, f"{stream}:100000")


def test_checkpoints_of_a_growing_ledger_are_consistent(target):
    said = [json.loads(target.files[f])["checkpoint"] for f in target.checkpoints()]
    with TreeFiles(target.folder / "tree", said[-1]["size"]) as tree:
        for old in said:
            for new in said[said.index(old) :]:
                path = tree.consistency(old["size"], new["size"])
                roots = (bytes.fromhex(old["root"]), bytes.fromhex(new["root"]))
                assert consistency_holds(old["size"], new["size"], path, *roots)


def test_a_record_newer_than_the_checkpoint_has_no_proof_yet(tmp_path):
    key = Ed25519PrivateKey.generate()
    with_none = StreamWriter(tmp_path, "w")
    with pytest.raises(LedgerError, match="no checkpoint"):
        prove(tmp_path, "w:1")
    write_checkpoint(tmp_path, key)
    with_none.stage(entry(1))
    with_none.commit()
    with pytest.raises(LedgerError, match="newer than the last checkpoint"):
        prove(tmp_path, "r1")
    write_checkpoint(tmp_path, key)
    assert proof_holds(prove(tmp_path, "r1"), public_bytes(key))
    with_none.close()


def test_nothing_new_makes_no_new_checkpoint_and_a_lost_tree_is_built_again(tmp_path):
    key = Ed25519PrivateKey.generate()
    writer = StreamWriter(tmp_path, "w")
    for number in range(5):
        writer.stage(entry(number))
        writer.commit()
        first = write_checkpoint(tmp_path, key)
    assert write_checkpoint(tmp_path, key) == first
    shutil.rmtree(tmp_path / "tree")
    assert write_checkpoint(tmp_path, key) == first
    writer.stage(entry(9))
    writer.close()
    assert write_checkpoint(tmp_path, key).number == first.number + 1
    assert proof_holds(prove(tmp_path, "r3"), public_bytes(key))
    assert verify_ledger(tmp_path, public_bytes(key)).passed


def test_a_stream_that_was_altered_is_not_signed_again(tmp_path):
    key = Ed25519PrivateKey.generate()
    writer = StreamWriter(tmp_path, "w")
    for number in range(4):
        writer.stage(entry(number))
        writer.commit()
    write_checkpoint(tmp_path, key)
    writer.stage(entry(5))
    writer.close()
    file = next((tmp_path / "streams" / "w").glob("*.ndjson"))
    file.chmod(0o600)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-2] + lines[-1:]))
    with pytest.raises(LedgerError, match="does not continue"):
        write_checkpoint(tmp_path, key)
    shutil.rmtree(tmp_path / "streams" / "w")
    with pytest.raises(LedgerError, match="are gone: w"):
        write_checkpoint(tmp_path, key)


def test_a_record_altered_before_it_was_ever_signed_is_not_signed(tmp_path):
    key = Ed25519PrivateKey.generate()
    writer = StreamWriter(tmp_path, "w")
    writer.stage(entry(1))
    writer.close()
    file = next((tmp_path / "streams" / "w").glob("*.ndjson"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b'"number":1', b'"number":7'))
    with pytest.raises(LedgerError, match="does not continue record 1"):
        write_checkpoint(tmp_path, key)
    assert list((tmp_path / "checkpoints").glob("*.json")) == []


def test_a_tail_that_is_being_written_is_a_note_and_a_recovery_is_told(tmp_path):
    key = Ed25519PrivateKey.generate()
    writer = StreamWriter(tmp_path, "w")
    writer.stage(entry(1))
    writer.close()
    file = next((tmp_path / "streams" / "w").glob("*.ndjson"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b'{"chain":"00')
    write_checkpoint(tmp_path, key)
    seen = verify_ledger(tmp_path, public_bytes(key))
    assert seen.passed
    assert [each.kind for each in seen.findings] == ["half_written"]
    StreamWriter(tmp_path, "w").close()
    seen = verify_ledger(tmp_path, public_bytes(key))
    assert seen.passed
    assert [each.kind for each in seen.findings] == ["recovered", "uncovered"]


def test_records_are_exported_by_time_across_streams(tmp_path):
    moments = iter(range(10**18, 2 * 10**18, 10**9))
    writers = [StreamWriter(tmp_path, n, clock=lambda: next(moments)) for n in "ab"]
    for number in range(6):
        writers[number % 2].stage(entry(number))
        writers[number % 2].commit()
    found = [json.loads(each) for each in records_between(tmp_path, "2001-09-09", "2002")]
    assert [e["entry"]["number"] for e in found if e["entry"]["kind"] == "test"] == [
        *range(6)
    ]
    assert list(records_between(tmp_path, "2002", "2003")) == []
    third = found[3]["time"]
    assert json.loads(next(records_between(tmp_path, third, "2002")))["time"] == third
    for each in writers:
        each.close()


def test_the_stand_alone_verifier_runs_without_this_project(target, tmp_path):
    lone = tmp_path / "verify.py"
    lone.write_text(Path(standalone.__file__).read_text())
    proof = tmp_path / "proof.json"
    proof.write_text(json.dumps(prove(target.folder, "request-00000007")))

    def run(*words):
        command = [sys.executable, "-I", "-S", str(lone), *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    public = target.public.hex()
    whole = run("verify", target.folder, public, target.copies)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert whole.stdout.endswith("under 4 checkpoints: ok\n")
    assert run("proof", proof, public).returncode == 0
    proof.write_text(proof.read_text().replace("approve", "decline", 1))
    assert run("proof", proof, public).returncode == 1
    assert run("nonsense").returncode == 2


def test_signatures_agree_with_cryptography_and_with_rfc_8032():
    key, message, signature = (
        bytes.fromhex(each)
        for each in (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        )
    )
    assert signature_holds(key, message, signature)
    rng = random.Random(5)
    for _ in range(10):
        private = Ed25519PrivateKey.generate()
        public, text = public_bytes(private), rng.randbytes(50)
        signed = private.sign(text)
        assert signature_holds(public, text, signed)
        bent = bytearray(signed)
        bent[rng.randrange(64)] ^= 1 << rng.randrange(8)
        assert not signature_holds(public, text, bytes(bent))
        assert not signature_holds(public, text + b"x", signed)


def test_the_key_file_is_for_its_owner_alone(tmp_path):
    file = tmp_path / "keys" / "ledger.pem"
    key = signing_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert public_bytes(signing_key(file)) == public_bytes(key)
    assert read_public(file.with_suffix(".pub")) == public_bytes(key)
    file.chmod(0o644)
    with pytest.raises(LedgerError, match="chmod 600"):
        signing_key(file)
    with pytest.raises(LedgerError, match="no public key"):
        read_public(tmp_path / "absent.pub")
