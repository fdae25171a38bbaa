"""Frames keep their border, and what is packed comes back as it was."""

import io

import numpy as np
import pytest

from assay.bundle.session import packed, read_frame, unpacked, write_frame


def test_frames_come_back_one_by_one_and_a_cut_one_not_at_all():
    stream = io.BytesIO()
    for content in (b"one", b"two" * 1000):
        write_frame(stream, content)
    whole = stream.getvalue()
    again = io.BytesIO(whole)
    assert [read_frame(again) for _ in range(3)] == [b"one", b"two" * 1000, None]
    for cut in (0, 3, 8, 10):
        assert read_frame(io.BytesIO(whole[:cut])) is None


def test_numbers_and_words_come_back_as_they_were():
    words = np.array(["", "rent", "Ελλάδα"], dtype=object)
    numbers = np.array([np.nan, -0.0, np.nextafter(0, 1)])
    found = unpacked(packed({"words": words, "numbers": numbers}))
    assert found["words"].dtype == object
    assert found["words"].tolist() == words.tolist()
    assert found["numbers"].tobytes() == numbers.tobytes()


def test_nothing_is_unpickled():
    content = io.BytesIO()
    np.savez(content, odd=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        unpacked(content.getvalue())
