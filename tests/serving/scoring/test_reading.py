"""The quick reader takes only what the contract's model takes, with the same values."""

import json
import math

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.contract import read_contract
from serving.scoring.reading import RowReader
from tests.serving.scoring.conftest import BAD, ROW, TEXT

NUMBERS = st.one_of(
    st.integers(-130, 130),
    st.integers(),
    st.floats(),
    st.sampled_from([2**53, 2**53 + 1, 2**64, 10**400, -0.0, 20.0, 20.5, 100, 100.1]),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.sampled_from(
        ["", " ", "NA", "null", "north", " north ", "no\x00rth", "12", "true", "nan"]
    ),
    st.sampled_from(["2026-11-20", "20261120", "2026-W01-1", "2026-11-20T25:00", "é"]),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)
NAMES = [*ROW, "age", "bad", "colour"]
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3).map(
    lambda changes: {**ROW, **changes}
)


def same(first, second):
    return all(
        a == b or (math.isnan(a) and math.isnan(b))
        for a, b in zip(first, second, strict=True)
    )


def check(champion, body):
    parsed = champion.reader.parsed(body)
    try:
        model = champion.row_model.model_validate_json(body)
    except ValidationError:
        assert parsed is None, body
        return False
    if parsed is None:
        return False
    values = champion.values(model)
    (expected,) = champion.explainer.matrix([values]).tolist()
    assert same(parsed[1], expected), body
    for name in ("case", "at"):
        assert parsed[0].get(name) == values[name]
    return True


@hypothesis_settings(
    max_examples=600, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(row=ROWS, left_out=st.sets(st.sampled_from(list(ROW)), max_size=2))
def test_whatever_is_taken_quickly_is_taken_slowly_with_the_same_values(
    champion, row, left_out
):
    sent = {name: value for name, value in row.items() if name not in left_out}
    check(champion, json.dumps(sent).encode())


@pytest.mark.parametrize(
    "row",
    [
        ROW,
        BAD,
        {**ROW, "region": None},
        {**ROW, "region": ""},
        {**ROW, "region": " north "},
        {**ROW, "n_events": 3.0},
        {**ROW, "term.months": 60.0},
        {**ROW, "is_known": None},
        {name: value for name, value in ROW.items() if name not in ("case", "at")},
    ],
)
def test_ordinary_rows_are_read_quickly(champion, row):
    assert check(champion, json.dumps(row).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[1]",
        b'{"amount": NaN}',
        b'{"amount": 1e999}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"\xff\xfe",
        b'{"case":"\\ud800"}',
        json.dumps(ROW).encode()[:-1],
        json.dumps(ROW).encode() + b"x",
    ],
)
def test_what_is_no_row_is_left_to_the_contracts_model(champion, body):
    assert champion.reader.parsed(body) is None


def test_of_a_key_given_twice_both_readers_take_the_last(champion):
    body = json.dumps(ROW).encode()[:-1] + b', "amount": 99.5}'
    assert check(champion, body)
    assert champion.reader.parsed(body)[0]["amount"] == 99.5


def test_a_contract_whose_identifier_is_a_number_has_no_quick_reader():
    numbered = TEXT.replace(
        'name = "case"\ndtype = "text"', 'name = "case"\ndtype = "integer"'
    )
    assert RowReader.of(read_contract(numbered)) is None
