"""Verdicts on rows: hand-made cases, and properties over generated contracts."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.contract import read_contract
from assay.errors import DataError
from assay.quality.rows import assess_rows, decide_quality
from assay.quality.rules import KINDS

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = """
name = "small"
revision = 1
purpose = "test"
owner = "test"
[label]
field = "bad"
maturity_days = {maturity}
[decision]
name = "decide"
positive_action = "no"
negative_action = "yes"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
max_quarantined_share = 0.25
floors = {{ auc = 0.6 }}
margins = {{ auc = 0.0 }}
"""
FIELDS = """
[[field]]
name = "id"
dtype = "text"
role = "identifier"
[[field]]
name = "at"
dtype = "timestamp"
role = "event_time"
[[field]]
name = "income"
dtype = "number"
minimum = 0
maximum = 1000
[[field]]
name = "count"
dtype = "integer"
nulls = "allow"
[[field]]
name = "home"
dtype = "category"
categories = ["own", "rent", "NA"]
[[field]]
name = "code"
dtype = "category"
categories = [1, 2]
[[field]]
name = "purpose"
dtype = "category"
categories = ["car"]
unseen = "allow"
nulls = "allow"
[[field]]
name = "member"
dtype = "boolean"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
nulls = "allow"
"""
CONTRACT = read_contract(HEAD.format(maturity=30) + FIELDS)
GOOD = {
    "id": "a",
    "at": "2026-05-20",
    "income": "10",
    "count": "3",
    "home": "own",
    "code": "1",
    "purpose": "car",
    "member": "true",
    "bad": "",
}


def _assess(*changes, contract=CONTRACT):
    rows = [{**GOOD, "id": f"r{i}", **change} for i, change in enumerate(changes)]
    return assess_rows(pd.DataFrame(rows, dtype=object), contract, as_of=AS_OF)


def _reasons(**change):
    return ";".join(_assess(change).quarantined["reasons"])


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, ""),
        ({"id": " "}, "id:missing"),
        ({"id": 2.5}, "id:not_text"),
        ({"at": "yesterday"}, "at:not_a_time"),
        ({"at": 20260520}, "at:not_a_time"),
        ({"at": "2026-06-01T00:00:01"}, "at:in_the_future"),
        ({"at": "2026-06-01T01:00:00+02:00"}, ""),
        ({"at": "2026-06-01T00:00:00Z"}, ""),
        ({"at": None}, "at:missing"),
        ({"income": "NaN"}, "income:missing"),
        ({"income": None}, "income:missing"),
        ({"income": "about 5"}, "income:not_a_number"),
        ({"income": True}, "income:not_a_number"),
        ({"income": "1_0"}, "income:not_a_number"),
        ({"income": "1,000"}, "income:not_a_number"),
        ({"income": "-inf"}, "income:not_finite"),
        ({"income": "1e400"}, "income:not_finite"),
        ({"income": -0.001}, "income:below_minimum"),
        ({"income": "1000.0000001"}, "income:above_maximum"),
        ({"income": " 1e3 "}, ""),
        ({"count": "2.5"}, "count:not_an_integer"),
        ({"count": "9007199254740993"}, "count:too_large_integer"),
        ({"count": 2**53}, ""),
        ({"count": "7.0"}, ""),
        ({"count": "n/a"}, "count:not_a_number"),
        ({"count": "N/A"}, ""),
        ({"home": "castle"}, "home:unknown_category"),
        ({"home": "Own"}, "home:unknown_category"),
        ({"home": " own "}, ""),
        ({"home": "NA"}, ""),
        ({"home": "NULL"}, "home:missing"),
        ({"code": "3"}, "code:unknown_category"),
        ({"code": "1.5"}, "code:unknown_category"),
        ({"code": "one"}, "code:not_a_number"),
        ({"code": np.inf}, "code:not_finite"),
        ({"purpose": "boat"}, ""),
        ({"purpose": None}, ""),
        ({"purpose": b"car"}, "purpose:not_text"),
        ({"purpose": "\ud800"}, "purpose:not_text"),
        ({"member": "maybe"}, "member:not_a_boolean"),
        ({"member": 2}, "member:not_a_boolean"),
        ({"member": "No"}, ""),
        ({"bad": "2"}, "bad:label_not_binary"),
        ({"bad": "0.5"}, "bad:not_an_integer;bad:label_not_binary"),
        ({"bad": "1", "at": "2026-05-31"}, ""),
        ({"at": "2026-05-02T00:00:00"}, "bad:label_overdue"),
        ({"at": "2026-05-02T00:00:01"}, ""),
        (
            {"income": -5, "count": 1.5, "home": "x"},
            "income:below_minimum;count:not_an_integer;home:unknown_category",
        ),
    ],
)
def test_each_broken_rule_has_its_reason(change, reasons):
    assert _reasons(**change) == reasons


def test_the_first_of_equal_identifiers_stays_and_later_ones_go():
    same = assess_rows(
        pd.DataFrame(
            [{**GOOD, "id": i} for i in ("7", " 7 ", 7, "8", 7.0)], dtype=object
        ),
        CONTRACT,
        as_of=AS_OF,
    )
    assert same.accepted["id"].tolist() == ["7", "8"]
    assert same.quarantined["row"].tolist() == [1, 2, 4]
    assert same.reason_counts == {"id:duplicate_identifier": 3}


def test_missing_identifiers_are_missing_not_equal():
    found = _assess({"id": ""}, {"id": None})
    assert found.reason_counts == {"id:missing": 2}


def test_a_label_that_must_be_there_is_missing_at_any_age():
    strict = read_contract(
        HEAD.format(maturity=30) + FIELDS.rsplit('nulls = "allow"', 1)[0]
    )
    assert _assess({}, contract=strict).reason_counts == {"bad:missing": 1}


def test_without_an_event_time_every_label_is_due():
    fields = FIELDS.replace('role = "event_time"', 'role = "ignored"')
    contract = read_contract(HEAD.format(maturity=0) + fields)
    found = _assess({}, {"bad": "1"}, {"at": "2099-01-01", "bad": 0}, contract=contract)
    assert found.reason_counts == {"bad:label_overdue": 1}


def test_rows_to_be_scored_need_no_label():
    frame = pd.DataFrame([GOOD]).drop(columns="bad")
    found = assess_rows(frame, CONTRACT, as_of=AS_OF, labelled=False)
    assert "bad" not in found.accepted
    assert len(found.accepted) == 1
    with pytest.raises(DataError, match="1 columns of the contract are missing: bad"):
        assess_rows(frame, CONTRACT, as_of=AS_OF)


def test_missing_columns_are_all_named_with_what_came():
    with pytest.raises(DataError, match=r"missing: id, income.*Received were: at, x"):
        assess_rows(pd.DataFrame(columns=["at", "x"]), CONTRACT, as_of=AS_OF)
    with pytest.raises(DataError, match="come twice: id"):
        assess_rows(pd.DataFrame([[1, 2]], columns=["id", "id"]), CONTRACT, as_of=AS_OF)


def test_unknown_columns_are_a_finding_and_stay_with_refused_rows():
    frame = pd.DataFrame([GOOD, {**GOOD, "income": "x"}]).assign(extra=5, row="mine")
    found = assess_rows(frame, CONTRACT, as_of=AS_OF)
    assert "extra" not in found.accepted
    assert found.findings[0].message.startswith("2 columns are not in the contract")
    (refused,) = found.quarantined.to_dict("records")
    assert (refused["extra"], refused["received.row"], refused["row"]) == (5, "mine", 1)
    assert refused["income"] == "x"


def test_text_and_typed_columns_give_the_same_accepted_rows():
    typed = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "at": pd.to_datetime(["2026-05-20"] * 3),
            "income": [1.5, 2, 3],
            "count": pd.array([1, None, 3], dtype="Int64"),
            "code": [1, 2, 1],
            "home": pd.Categorical(["own", "rent", "own"]),
            "purpose": ["car", None, "x"],
            "member": [True, False, True],
            "bad": [0.0, 1.0, np.nan],
        }
    )
    text = typed.astype(object).where(typed.notna(), "").astype(str)
    first = assess_rows(typed, CONTRACT, as_of=AS_OF)
    second = assess_rows(text, CONTRACT, as_of=AS_OF)
    assert first.reason_counts == second.reason_counts == {}
    pd.testing.assert_frame_equal(first.accepted, second.accepted)
    assert first.accepted.dtypes.astype(str).to_dict() == {
        "id": "object",
        "at": "datetime64[ns, UTC]",
        "income": "float64",
        "count": "float64",
        "home": "object",
        "code": "float64",
        "purpose": "object",
        "member": "float64",
        "bad": "float64",
    }


def test_the_received_frame_is_not_changed():
    frame = pd.DataFrame([GOOD, {**GOOD, "income": "x"}], index=[5, 5])
    before = frame.copy(deep=True)
    assess_rows(frame, CONTRACT, as_of=AS_OF)
    pd.testing.assert_frame_equal(frame, before)


def test_the_decision_fails_closed():
    nothing = assess_rows(pd.DataFrame(columns=list(GOOD)), CONTRACT, as_of=AS_OF)
    assert decide_quality(nothing, CONTRACT).failures[0].startswith("no row was received")
    bad = _assess({"income": "x"}, {}, {})
    decision = decide_quality(bad, CONTRACT)
    assert not decision.passed
    assert "1 of 3 rows (33.33%)" in decision.failures[0]
    assert "income:not_a_number 1" in decision.failures[0]
    assert decide_quality(_assess({"income": "x"}, {}, {}, {}), CONTRACT).passed
    assert not decide_quality(_assess({"income": "x"}), CONTRACT).passed


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        [
            "1",
            " 0 ",
            "true",
            "No",
            "a",
            "b",
            "NA",
            "inf",
            "2026-01-01",
            "1e3",
            "2.0",
            "-0",
        ]
    ),
    st.datetimes(),
    st.just(np.nan),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.binary(max_size=3),
)
NULLS = st.sampled_from(["refuse", "allow"])


@st.composite
def field_texts(draw, name):
    dtype = draw(
        st.sampled_from(["integer", "number", "boolean", "words", "codes", "timestamp"])
    )
    lines = [f'name = "{name}"', f'nulls = "{draw(NULLS)}"']
    if dtype in ("integer", "number"):
        low, high = sorted([draw(st.integers(-5, 5)), draw(st.integers(-5, 5))])
        lines += [f'dtype = "{dtype}"', f"minimum = {low}", f"maximum = {high}"]
    elif dtype == "words":
        lines += ['dtype = "category"', 'categories = ["a", "b", "1"]']
        lines += [f'unseen = "{draw(NULLS)}"']
    elif dtype == "codes":
        lines += ['dtype = "category"', "categories = [0, 1, 2]"]
    elif dtype == "timestamp":
        lines += ['dtype = "timestamp"', 'role = "ignored"']
    else:
        lines += [f'dtype = "{dtype}"']
    return "[[field]]\n" + "\n".join(lines) + "\n"


@st.composite
def contracts_and_frames(draw):
    names = [f"f{i}" for i in range(draw(st.integers(1, 4)))]
    fields = "".join(draw(field_texts(name)) for name in names)
    fixed = (
        '[[field]]\nname = "x"\ndtype = "number"\nnulls = "allow"\n'
        '[[field]]\nname = "id"\ndtype = "text"\nrole = "identifier"\n'
        '[[field]]\nname = "at"\ndtype = "timestamp"\nrole = "event_time"\n'
        '[[field]]\nname = "bad"\ndtype = "boolean"\nrole = "label"\nnulls = "allow"\n'
    )
    contract = read_contract(HEAD.format(maturity=30) + fields + fixed)
    n_rows = draw(st.integers(0, 6))
    columns = [*names, "x", "id", "at", "bad"]
    cells = {c: draw(st.lists(CELLS, min_size=n_rows, max_size=n_rows)) for c in columns}
    if draw(st.booleans()):  # often enough rows that nothing speaks against
        cells["id"] = [str(i) for i in range(n_rows)]
        cells["at"] = ["2026-05-20"] * n_rows
        cells["bad"] = [None] * n_rows
    return contract, pd.DataFrame(
        {c: pd.Series(v, dtype=object) for c, v in cells.items()}
    )


@settings(max_examples=150, deadline=None)
@given(contracts_and_frames())
def test_no_row_is_lost_and_no_accepted_row_breaks_its_contract(drawn):
    contract, received = drawn
    found = assess_rows(received, contract, as_of=AS_OF)
    assert (
        len(found.accepted) + len(found.quarantined) == found.n_received == len(received)
    )
    for field in contract.fields:
        _holds(found.accepted[field.name], field)
    assert found.accepted["id"].is_unique
    assert (found.accepted["at"] <= pd.Timestamp(AS_OF)).all()
    unlabelled = found.accepted.loc[found.accepted["bad"].isna(), "at"]
    assert (unlabelled > pd.Timestamp("2026-05-02", tz="UTC")).all()
    again = assess_rows(found.accepted, contract, as_of=AS_OF)
    pd.testing.assert_frame_equal(again.accepted, found.accepted)
    codes = {
        code.split(":")[1]
        for row in found.quarantined["reasons"]
        for code in row.split(";")
    }
    assert codes <= set(KINDS)
    assert sum(found.reason_counts.values()) == sum(
        row.count(";") + 1 for row in found.quarantined["reasons"]
    )
    if len(found.quarantined):
        kept = received.iloc[found.quarantined["row"]].reset_index(drop=True)
        pd.testing.assert_frame_equal(found.quarantined[kept.columns], kept)


def _holds(values, field):
    """Check one accepted column by the words of the contract, without our rules."""
    present = values[values.notna()]
    assert field.nulls == "allow" or len(present) == len(values)
    if field.dtype == "timestamp":
        assert str(values.dtype) == "datetime64[ns, UTC]"
    elif field.dtype == "text" or field.has_text_categories:
        assert all(type(value) is str and value.strip() == value for value in present)
        if field.dtype == "category" and field.unseen == "refuse":
            assert set(present) <= set(field.categories)
    else:
        assert values.dtype == np.float64
        assert np.isfinite(present).all()
        if field.dtype == "integer":
            assert (present == present.round()).all()
            assert (present.abs() <= 2**53).all()
        if field.categories or field.dtype == "boolean":
            assert set(present) <= set(field.categories or (0, 1))
        assert field.minimum is None or (present >= field.minimum).all()
        assert field.maximum is None or (present <= field.maximum).all()


def test_rows_to_be_scored_are_judged_by_their_features_alone():
    features = [field.name for field in CONTRACT.features]
    twice = pd.DataFrame([GOOD, GOOD])[features]
    found = assess_rows(twice, CONTRACT, as_of=AS_OF, labelled=False)
    assert len(found.accepted) == 2
    assert list(found.accepted.columns) == features
