"""Deletion by retention: bodies go, hashes stay, everything still verifies."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import pytest

from assay.errors import LedgerError
from assay.ledger import StreamWriter
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.reading import find_record, prove
from assay.ledger.recovery import segments_of
from assay.ledger.retention import (
    Hold,
    place_hold,
    release_hold,
    retention_profiles,
    retire_segments,
)
from assay.ledger.signing import public_bytes
from assay.ledger.standalone import proof_holds

from .conftest import START

PROFILES = retention_profiles({"retail": {"delete_days": 100}})
LATER = START + timedelta(days=1000)


def retire(kept, now=LATER, profiles=PROFILES):
    return retire_segments(kept.folder, kept.key, profiles, kept.archive, now)


def test_due_records_are_deleted_everywhere_and_the_rest_verifies_and_proves(kept):
    before = kept.sealed()
    assert len(before) > 4
    retired = retire(kept)
    assert [each.segment for each in retired] == before
    assert retired[0].why == "retention of retail"
    for each in retired:
        assert not each.segment.file.exists()
        assert kept.archive.chain_of(each.segment) is None
    seen = kept.verify()
    assert seen.passed
    assert {each.kind for each in seen.findings} == {"retired"}
    assert len(seen.findings) == len(before)
    assert seen.n_records == seen.n_covered == before[-1].last
    kept.write(1, stream="later")
    proof = prove(kept.folder, "later:2")
    assert proof_holds(proof, public_bytes(kept.key))
    with pytest.raises(LedgerError, match="retention deleted"):
        find_record(kept.folder, "w:2")
    assert [each.segment.stream for each in retire(kept)] == ["later"]
    assert retire(kept) == []


def test_a_stream_that_is_written_keeps_its_two_newest_segments(kept):
    writer = StreamWriter(kept.folder, "w")
    retire(kept)
    assert len(segments_of(kept.folder / "streams" / "w")) == 2
    writer.close()
    write_checkpoint(kept.folder, kept.key)
    assert kept.verify().passed


def test_the_writer_the_checkpoints_and_a_lost_tree_go_on_behind_it(kept):
    retire(kept)
    kept.write(10, first_day=40)
    for file in (kept.folder / "tree").iterdir():
        file.unlink()
    kept.write(10, first_day=50)
    seen = kept.verify()
    assert seen.passed
    assert seen.n_covered == seen.n_records
    retire(kept)
    assert kept.verify().passed


def test_nothing_goes_before_its_time_or_of_an_unknown_policy(kept):
    assert retire(kept, START + timedelta(days=100)) == []
    early = retire(kept, START + timedelta(days=112))
    assert 0 < len(early) < len(kept.sealed())
    other = retention_profiles({"other": {"delete_days": 1}})
    assert retire(kept, profiles=other) == []


def test_a_legal_hold_beats_retention_for_the_segment_that_it_touches(kept):
    place_hold(kept.folder, Hold("case", "court", "counsel", request_id="r0"))
    first = kept.sealed()[0]
    assert first not in [each.segment for each in retire(kept)]
    assert first.file.exists()
    assert kept.verify().passed
    release_hold(kept.folder, "case", by="counsel")
    assert [each.segment for each in retire(kept)] == [first]


def test_what_no_checkpoint_covers_stays(kept):
    for file in (kept.folder / "checkpoints").iterdir():
        file.unlink()
    assert retire(kept) == []


def test_only_the_owner_of_the_key_can_delete(kept):
    """Statements that were bent, exchanged or robbed of their hashes are damage."""
    retire(kept)
    folder = kept.folder / "streams" / "w"
    statements, hashes = sorted(folder.glob("*.retired")), sorted(folder.glob("*.leaves"))
    content = {file: file.read_bytes() for file in (*statements, *hashes)}
    bent = content[statements[0]].replace(b'"why":"ret', b'"why":"Ret')
    wrong = [
        {statements[0]: bent},
        {statements[0]: content[statements[1]], hashes[0]: content[hashes[1]]},
        {hashes[0]: content[hashes[0]][:-32]},
        {hashes[0]: b"\1" * len(content[hashes[0]])},
        {statements[0]: None},
        {hashes[0]: None},
        {statements[0]: None, hashes[0]: None},
    ]
    for attack in wrong:
        for file, changed in attack.items():
            file.unlink()
            if changed is not None:
                file.write_bytes(changed)
        seen = kept.verify()
        assert not seen.passed, attack
        kinds = {each.kind for each in seen.findings if each.is_damage}
        assert kinds & {"altered", "missing"}, attack
        for file, whole in content.items():
            file.write_bytes(whole)
    assert kept.verify().passed


def test_killed_at_every_call_in_turn_the_next_run_finishes(kept):
    n_segments = len(kept.sealed())
    call, n_kills = 1, 0
    while _dies_at(call, lambda: retire(kept)):
        n_kills, call = n_kills + 1, call + 1
        assert kept.verify().passed
    assert n_kills > 5
    retire(kept)
    assert n_segments > 2
    assert segments_of(kept.folder / "streams" / "w") == []
    assert kept.verify().passed


def test_retirement_needs_no_archive_and_signs_nothing_that_was_altered(kept):
    segment = kept.sealed()[0]
    segment.file.chmod(0o600)
    segment.file.write_bytes(segment.file.read_bytes().replace(b'"r1"', b'"r9"'))
    with pytest.raises(LedgerError, match="does not match its chain"):
        retire_segments(kept.folder, kept.key, PROFILES, None, LATER)
    assert segment.file.exists()
    write_checkpoint(kept.folder, kept.key)
    assert not kept.verify().passed


def _dies_at(call, run):
    child = os.fork()
    if child == 0:
        n_calls = 0

        def count(event, _arguments):
            nonlocal n_calls
            if event in ("open", "os.rename", "os.remove"):
                n_calls += 1
                if n_calls == call:
                    os._exit(9)

        sys.addaudithook(count)
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
