"""Received texts are judged by the rules that a request is held to."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.contract import read_contract
from assay.contract.request import request_model
from assay.quality.expectations import validate_batch
from assay.quality.rows import assess_rows
from tests.texts import CONTRACT

TEXT = read_contract(CONTRACT)
MODEL = request_model(TEXT)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def verdicts(texts):
    frame = pd.DataFrame({"words said": texts, "bad": [0] * len(texts)})
    return assess_rows(frame, TEXT, as_of=AS_OF)


def test_a_text_that_is_too_long_missing_or_holds_nul_is_quarantined():
    found = verdicts([" fine ", "x" * 80, "x" * 81, "a\x00b", "", None, "NA"])
    assert found.accepted["words said"].tolist() == ["fine", "x" * 80]
    assert found.quarantined["reasons"].tolist() == [
        "words said:above_maximum",
        "words said:not_text",
        *["words said:missing"] * 3,
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=90))
def test_training_takes_a_text_exactly_where_a_request_may_send_it(text):
    taken = verdicts([text]).accepted["words said"].tolist()
    try:
        row = MODEL.model_validate_json(json.dumps({"words said": text}))
    except ValidationError as error:
        (one,) = error.errors()
        # A request counts the white space around a text, a file does not.
        assert not taken or (one["type"] == "string_too_long" and len(text) > 80)
        return
    assert taken == [row.f0]


@pytest.mark.slow
def test_great_expectations_asks_for_the_length_too():
    good = pd.DataFrame({"words said": ["fine"], "bad": [0.0]})
    assert validate_batch(good, TEXT).success
    assert not validate_batch(good.assign(**{"words said": "x" * 81}), TEXT).success
