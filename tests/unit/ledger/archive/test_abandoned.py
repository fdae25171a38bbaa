"""Streams of processes that are gone are sealed; others are left alone."""

from __future__ import annotations

import os

from assay.ledger import StreamWriter
from assay.ledger.archive import seal_abandoned, sealed_segments
from assay.ledger.recovery import segments_of
from benchmarks.ledger.attacks import sample_entry


def left_open(ledger, stream, tail=b""):
    """Write a stream and let go of it as a killed process does."""
    writer = StreamWriter(ledger, stream)
    for number in range(5):
        writer.stage(sample_entry(number))
    writer.commit()
    os.close(writer._lock)
    os.close(writer._descriptor)
    (segment,) = segments_of(ledger / "streams" / stream)
    segment.write_bytes(segment.read_bytes() + tail)
    return segment


def test_what_a_killed_process_left_is_sealed_with_its_tail_cut(tmp_path):
    left_open(tmp_path, "a")
    left_open(tmp_path, "b", tail=b'{"chain":"half')
    assert seal_abandoned(tmp_path) == (["a", "b"], [])
    lasts = {each.stream: each.last for each in sealed_segments(tmp_path)}
    assert lasts == {"a": 7, "b": 8}  # opened, five, recovered in b, sealed
    assert seal_abandoned(tmp_path) == ([], [])


def test_a_stream_that_is_written_is_left_alone(tmp_path):
    writer = StreamWriter(tmp_path, "w")
    assert seal_abandoned(tmp_path) == ([], [])
    writer.stage(sample_entry(1))
    writer.close()


def test_an_altered_stream_is_left_as_it_is_and_said(tmp_path):
    segment = left_open(tmp_path, "a")
    writer = StreamWriter(tmp_path, "a")
    writer.stage(sample_entry(9))
    writer.commit()
    os.close(writer._lock)
    os.close(writer._descriptor)
    altered = segment.read_bytes().replace(b"request-00000002", b"request-00000003")
    segment.write_bytes(altered)
    sealed, refused = seal_abandoned(tmp_path)
    assert sealed == []
    assert "was altered" in refused[0]
    assert segment.read_bytes() == altered
