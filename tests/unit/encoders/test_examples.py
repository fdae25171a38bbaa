"""Texts are dealt by what they say."""

import numpy as np
import pandas as pd
import pytest

from assay.encoders.examples import Examples, dealt
from assay.errors import DataError


def test_the_same_text_is_never_in_two_parts():
    texts = [f"text {number % 40}" for number in range(120)]
    texts[7] = " TEXT 7 "
    classes = ["a" if number % 40 % 2 else "b" for number in range(120)]
    frame = pd.DataFrame({"t": texts, "c": classes})
    parts = dealt(Examples.of(frame, "t", "c"), 0, (0.2, 0.3))
    assert sorted(np.concatenate(parts).tolist()) == list(range(120))
    said = [{texts[row].strip().lower() for row in part} for part in parts]
    assert not said[0] & said[1]
    assert not said[0] & said[2]
    assert [len(each) for each in said] == [20, 8, 12]


def test_classes_are_in_order_and_gaps_are_refused():
    frame = pd.DataFrame({"t": ["x", "y"], "c": ["spam", "ham"]})
    found = Examples.of(frame, "t", "c")
    assert found.classes == ("ham", "spam")
    assert found.labels.tolist() == [1, 0]
    with pytest.raises(DataError, match="1 of 2 rows have no text"):
        Examples.of(frame.assign(t=["x", " "]), "t", "c")
    with pytest.raises(DataError, match="no column u"):
        Examples.of(frame, "u", "c")
    with pytest.raises(DataError, match="1 classes"):
        Examples.of(frame.assign(c="ham"), "t", "c")
