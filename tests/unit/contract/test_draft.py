"""Drafted contracts accept the tables that they came from."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.contract import read_contract
from assay.contract.draft import draft_contract
from assay.errors import ConfigError, DataError
from assay.quality.rows import assess_rows

AS_OF = datetime(2026, 11, 20, tzinfo=UTC)
NAIVE = AS_OF.replace(tzinfo=None)
RNG = np.random.default_rng(5)
N = 300
SMALL = pd.DataFrame(
    {
        "customer_id": [f"C{i}" for i in range(N)],
        "opened": pd.date_range("2025-01-01", periods=N, freq="D"),
        "Sex": RNG.choice(["f", "m"], N),
        "maritalStatus": RNG.choice([1, 2, 3], N),
        "income": RNG.lognormal(10, 1, N),
        "balance": RNG.normal(0, 500, N),
        "n_cars": RNG.integers(0, 4, N),
        "has_phone": RNG.random(N) < 0.5,
        "state": RNG.choice([f"S{i}" for i in range(30)], N),
        "story": [f"text {i}" for i in range(N)],
        "constant": 1,
        "empty": np.nan,
        "gap": np.where(RNG.random(N) < 0.2, np.nan, RNG.random(N)),
        "y": RNG.choice([0, 1], N),
    }
)


def _accepts_its_own(frame, label):
    contract = read_contract(draft_contract(frame, label, "drafted"))
    found = assess_rows(frame, contract, as_of=AS_OF)
    assert found.reason_counts == {}
    assert len(found.accepted) == len(frame)
    return contract


def _as_text(frame):
    return frame.astype(object).where(frame.notna(), "").astype(str)


@pytest.mark.parametrize("received", [SMALL, _as_text(SMALL)], ids=["typed", "text"])
def test_roles_and_types_are_guessed_from_names_and_values(received):
    contract = _accepts_its_own(received, "y")
    kinds = {field.name: (field.dtype, field.role) for field in contract.fields}
    assert kinds == {
        "customer_id": ("text", "identifier"),
        "opened": ("timestamp", "event_time"),
        "Sex": ("category", "protected"),
        "maritalStatus": ("integer", "protected"),
        "income": ("number", "feature"),
        "balance": ("number", "feature"),
        "n_cars": ("integer", "feature"),
        "has_phone": ("boolean", "feature"),
        "state": ("category", "feature"),
        "story": ("text", "ignored"),
        "constant": ("integer", "ignored"),
        "empty": ("text", "ignored"),
        "gap": ("number", "feature"),
        "y": ("integer", "label"),
    }
    fields = {field.name: field for field in contract.fields}
    assert fields["gap"].nulls == "allow"
    assert fields["income"].nulls == "refuse"
    assert (fields["income"].minimum, fields["n_cars"].minimum) == (0, 0)
    assert fields["income"].maximum > 1.5 * SMALL["income"].max()
    assert fields["balance"].minimum < 1.5 * SMALL["balance"].min()
    assert (fields["Sex"].unseen, fields["state"].unseen) == ("refuse", "allow")
    assert contract.gates.min_rows == 150


def test_the_draft_says_what_a_person_must_decide():
    text = draft_contract(SMALL, "y", "drafted")
    for word in ("maturity_days", "[decision.costs]", "floors", 'role = "protected"'):
        assert "CHECK" in text[max(0, text.index(word) - 250) : text.index(word) + 150]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("credit_australian", "target"),
        ("online_shoppers", "Revenue"),
        ("lending_club_small", "bad"),
        ("hmda_boston_1990", "deny"),
        ("credit_taiwan", "default_next_month"),
    ],
)
def test_real_tables_are_accepted_by_their_drafts(shared_data, name, label):
    frame = pd.read_parquet(shared_data / f"{name}.parquet")
    typed = _accepts_its_own(frame, label)
    text = _accepts_its_own(_as_text(frame), label)
    assert [f.dtype for f in typed.fields] == [f.dtype for f in text.fields]


def test_wide_tables_work():
    wide = pd.DataFrame(
        RNG.normal(size=(500, 400)), columns=[f"x{i}" for i in range(400)]
    )
    assert (
        len(_accepts_its_own(wide.assign(y=RNG.choice([0, 1], 500)), "y").features) == 400
    )


def test_columns_that_no_field_can_name_or_type_are_left_out_and_told():
    odd = SMALL.assign(**{"rate (%)": 1.0, "mixed": [1.5, "x"] * 150, "endless": np.inf})
    text = draft_contract(odd, "y", "drafted")
    assert "left out, their names cannot be a field's: 'rate (%)'" in text
    assert "of several types: mixed, endless" in text
    _accepts_its_own(odd, "y")


def test_odd_texts_survive_the_way_through_toml():
    odd = ['say "hi"', "back\\slash", "new\nline", "\x7f", "naïve 😀", "[x]", "#"]
    frame = pd.DataFrame({"word": odd * 10, "x": range(70), "y": [0, 1] * 35})
    contract = _accepts_its_own(frame, "y")
    assert set(contract.fields[0].categories) == set(odd)


@pytest.mark.parametrize(
    ("label", "values", "said"),
    [
        ("y", ["good", "bad"], "2 values .good, bad.; it must be.*Map it"),
        ("y", [0, 2], "it must be 0 and 1"),
        ("y", [1, 1], "is 1 in every row"),
        ("y", [1, None], "1 missing values"),
        ("z", [0, 1], "no column 'z' to be the label; there are: x, y"),
    ],
)
def test_a_label_that_cannot_be_one_is_refused(label, values, said):
    with pytest.raises(DataError, match=said):
        draft_contract(pd.DataFrame({"x": [1, 2], "y": values}), label, "drafted")


def test_a_name_or_table_that_cannot_be_used_is_refused():
    with pytest.raises(ConfigError, match="cannot be the name of a model"):
        draft_contract(SMALL, "y", "My Model")
    with pytest.raises(DataError, match="no column beside 'y' can be a feature"):
        draft_contract(SMALL[["story", "y"]], "y", "drafted")


COLUMNS = st.one_of(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=6, max_size=6),
    st.lists(st.integers(-(2**60), 2**60), min_size=6, max_size=6),
    st.lists(st.text(max_size=4), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=6, max_size=6),
    st.lists(st.datetimes(max_value=NAIVE), min_size=6, max_size=6),
    st.lists(
        st.sampled_from(["1", "0", "true", "NA", "x", 1.5, 3, None]),
        min_size=6,
        max_size=6,
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(COLUMNS, min_size=1, max_size=3))
def test_any_table_is_accepted_by_its_own_draft(columns):
    frame = pd.DataFrame(
        {f"c{i}": pd.Series(cells, dtype=object) for i, cells in enumerate(columns)}
    ).assign(anchor=[0.5, 1.5, 2, 3, 4, 5], y=[0, 1] * 3)
    _accepts_its_own(frame, "y")
