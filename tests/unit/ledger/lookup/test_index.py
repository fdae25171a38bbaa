"""Records by request id: found through an index that the chain overrules."""

from __future__ import annotations

import hashlib

import pytest

from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.lookup import RequestIndex
from assay.ledger.lookup.files import index_file, open_index
from assay.ledger.recovery import segments_of


def entry(number, **more):
    return entry_bytes(
        {"kind": "decision", "request_id": f"r{number}", "number": number, **more}
    )


@pytest.fixture
def ledger(tmp_path):
    """Two streams: one in several sealed segments, one that still grows."""
    done = StreamWriter(tmp_path, "done", segment_bytes=2000)
    for number in range(40):
        done.stage(entry(number))
        done.commit()
    done.close()
    return tmp_path


def sealed(ledger):
    return segments_of(ledger / "streams" / "done")


def test_every_request_is_found_in_sealed_and_growing_segments(ledger):
    index = RequestIndex(ledger)
    growing = StreamWriter(ledger, "growing")
    for number in range(40, 60):
        growing.stage(entry(number))
        growing.commit()
        (found,) = index.find(f"r{number}")
        assert (found.stream, found.entry["number"]) == ("growing", number)
    growing.close()
    for number in range(60):
        (found,) = index.find(f"r{number}")
        assert found.entry["number"] == number
    assert index.find("r60") == []
    assert index.find("") == []


def test_an_id_that_also_stands_within_another_record_is_not_mistaken(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    writer.stage(entry(1, inputs={"request_id": "r2"}))
    writer.stage(entry(2))
    writer.commit()
    (found,) = RequestIndex(tmp_path).find("r2")
    assert found.entry["number"] == 2
    writer.close()


def test_several_records_of_one_request_come_oldest_first(tmp_path):
    times = iter(range(10**18, 2 * 10**18, 10**15))
    writers = [StreamWriter(tmp_path, name, clock=lambda: next(times)) for name in "ba"]
    for writer, number in ((writers[1], 1), (writers[0], 2), (writers[1], 3)):
        writer.stage(entry_bytes({"kind": "x", "request_id": "same", "number": number}))
        writer.commit()
    found = RequestIndex(tmp_path).find("same")
    assert [each.entry["number"] for each in found] == [1, 2, 3]
    for writer in writers:
        writer.close()


def test_a_lost_index_is_made_again(ledger):
    RequestIndex(ledger).find("r1")
    files = [index_file(segment) for segment in sealed(ledger)]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    assert len(RequestIndex(ledger).find("r1")) == 1
    assert [file.read_bytes() for file in files] == before


def test_an_index_that_was_altered_or_is_of_another_segment_is_made_again(ledger):
    segments = sealed(ledger)
    first, second = open_index(segments[0]), open_index(segments[1])
    files = [index_file(segment) for segment in segments[:2]]
    files[0].write_bytes(files[1].read_bytes())
    content = bytearray(files[1].read_bytes())
    content[-3] ^= 1
    files[1].write_bytes(content)
    assert open_index(segments[0]).offsets.tolist() == first.offsets.tolist()
    assert open_index(segments[1]).offsets.tolist() == second.offsets.tolist()


def test_a_forged_index_cannot_show_what_the_chain_does_not_hold(ledger):
    """Even one whose digest fits: what it points at is another request's record."""
    segment = sealed(ledger)[0]
    open_index(segment)
    file = index_file(segment)
    content = file.read_bytes()
    head, rest = content[:56], content[88:]
    half = len(rest) // 2
    turned = rest[:half] + rest[half + 8 :] + rest[half : half + 8]
    file.write_bytes(head + hashlib.sha256(turned).digest() + turned)
    index = RequestIndex(ledger)
    for number in range(5):
        assert all(one.entry["number"] == number for one in index.find(f"r{number}"))


def test_an_altered_record_is_not_shown(ledger):
    RequestIndex(ledger).find("r1")
    segment = sealed(ledger)[0]
    segment.chmod(0o600)
    segment.write_bytes(segment.read_bytes().replace(b'"number":1,', b'"number":7,'))
    with pytest.raises(LedgerError, match="does not match its chain"):
        RequestIndex(ledger).find("r1")


def test_a_tail_that_a_crash_cut_is_read_again(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    writer.stage(entry(1))
    writer.commit()
    index = RequestIndex(tmp_path)
    (segment,) = segments_of(tmp_path / "streams" / "w")
    whole = segment.read_bytes()
    segment.write_bytes(whole + b'{"chain":"half')
    assert len(index.find("r1")) == 1
    segment.write_bytes(whole[: whole.index(b"\n") + 1])
    assert index.find("r1") == []
    writer.close()


def test_a_ledger_that_cannot_be_written_is_searched_all_the_same(ledger):
    for segment in sealed(ledger):
        # A file where the folder of indexes would be: nothing can be written there.
        index_file(segment).parent.parent.joinpath("index").write_text("")
        break
    assert len(RequestIndex(ledger).find("r7")) == 1
