"""A request is held to the contract's rules, as strictly as JSON allows."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.contract import find_contract, read_contract
from assay.contract.request import (
    request_model,
    requested_fields,
    row_values,
)

CONTRACTS = Path(__file__).parents[3] / "data" / "contracts"
CONTRACT = find_contract("credit_default", CONTRACTS)
MODEL = request_model(CONTRACT)
GOOD = {
    "income": 52000,
    "loan_amount": 9000.5,
    "term_months": 36,
    "interest_rate": 11,
    "debt_to_income": 0.31,
    "employment_years": None,
    "credit_utilisation": 0.4,
    "n_delinquencies": 0,
    "n_inquiries": 2,
    "credit_history_months": 88,
    "housing": "rent",
    "purpose": "car",
    "channel": "web",
    "has_account": True,
}


def read(content: object) -> dict:
    """Return the values of a body that validates."""
    return row_values(CONTRACT)(MODEL.model_validate_json(json.dumps(content)))


def broken(content: object) -> dict[str, str]:
    """Return the kind of each wrong field of a body."""
    body = content if isinstance(content, bytes) else json.dumps(content)
    with pytest.raises(ValidationError) as caught:
        MODEL.model_validate_json(body)
    return {str(one["loc"][0]): one["type"] for one in caught.value.errors()}


def test_a_row_keeps_its_values_and_what_is_missing_is_none():
    values = read(GOOD)
    assert values == {"application_id": None, "applied_at": None, **GOOD}
    without = {key: value for key, value in GOOD.items() if key != "employment_years"}
    assert read(without) == values


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("income", "52000", "float_type"),
        ("income", True, "float_type"),
        ("income", None, "float_type"),
        ("income", [52000], "float_type"),
        ("income", math.nan, "finite_number"),
        ("income", math.inf, "finite_number"),
        ("income", -math.inf, "finite_number"),
        ("income", 10**400, "finite_number"),
        ("income", 999.99, "greater_than_equal"),
        ("income", 2000000.1, "less_than_equal"),
        ("n_inquiries", 1.5, "not_an_integer"),
        ("n_inquiries", False, "float_type"),
        ("n_inquiries", 51, "less_than_equal"),
        ("term_months", 13, "unknown_category"),
        ("term_months", "12", "float_type"),
        ("term_months", True, "float_type"),
        ("housing", "castle", "literal_error"),
        ("housing", "", "literal_error"),
        ("housing", " rent", "literal_error"),
        ("purpose", 7, "string_type"),
        ("purpose", "  ", "missing_text"),
        ("purpose", "NA", "missing_text"),
        ("purpose", "car\x00", "not_text"),
        ("has_account", 1, "bool_type"),
        ("has_account", "true", "bool_type"),
        ("applied_at", "yesterday", "not_a_time"),
        ("applied_at", "20260101", "not_a_time"),
        ("applied_at", 0, "string_type"),
        ("application_id", 5, "string_type"),
        ("age", 40, "extra_forbidden"),
        ("defaulted", 0, "extra_forbidden"),
        ("f0", "x", "extra_forbidden"),
    ],
)
def test_one_wrong_value_is_refused_by_name(field, value, kind):
    assert broken({**GOOD, field: value}) == {field: kind}


def test_every_wrong_field_is_named_at_once():
    wrong = {
        **GOOD,
        "income": -1,
        "housing": "tent",
        "gender": "male",
        "n_inquiries": "1",
    }
    del wrong["loan_amount"]
    assert broken(wrong) == {
        "income": "greater_than_equal",
        "housing": "literal_error",
        "gender": "extra_forbidden",
        "n_inquiries": "float_type",
        "loan_amount": "missing",
    }


@pytest.mark.parametrize("value", [1000, 2_000_000, 1000.0, 52000.25])
def test_a_bound_itself_is_allowed(value):
    assert read({**GOOD, "income": value})["income"] == value


def test_an_integral_number_is_an_integer():
    values = read({**GOOD, "n_inquiries": 3.0, "term_months": 12.0})
    assert (values["n_inquiries"], values["term_months"]) == (3, 12)


def test_an_unseen_category_passes_where_the_contract_allows_it_and_is_trimmed():
    assert read({**GOOD, "purpose": " wedding "})["purpose"] == "wedding"


def test_a_field_name_that_is_no_python_name_works():
    text = (CONTRACTS / "credit_default.toml").read_text()
    odd = text.replace('name = "income"', 'name = "model_dump income-1.0"')
    contract = read_contract(odd)
    content = {
        ("model_dump income-1.0" if k == "income" else k): v for k, v in GOOD.items()
    }
    row = request_model(contract).model_validate_json(json.dumps(content))
    assert row_values(contract)(row)["model_dump income-1.0"] == GOOD["income"]


def test_the_schema_states_the_contracts_rules():
    schema = MODEL.model_json_schema()
    income = schema["properties"]["income"]
    assert (income["minimum"], income["maximum"]) == (1000, 2000000)
    assert "USD per year" in income["description"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {f.name for f in requested_fields(CONTRACT)}
    assert set(schema["required"]) == {
        field.name for field in CONTRACT.features if field.nulls == "refuse"
    }
    assert schema["properties"]["term_months"]["enum"] == [12, 24, 36, 48, 60]


def values_of(field):
    """Return a strategy of values, right and wrong, for one field."""
    edges = [
        bound
        for limit in (field.minimum, field.maximum)
        if limit is not None
        for bound in (
            limit,
            math.nextafter(limit, math.inf),
            math.nextafter(limit, -math.inf),
        )
    ]
    numbers = st.one_of(
        st.sampled_from([*edges, 0, 1, 12, 24.0, 2.5, 2**53, 2**53 + 2]),
        st.integers(0, 60),
        st.floats(-10, 1e6, allow_nan=False),
    )
    words = st.sampled_from(
        [*map(str, field.categories), "castle", "", " ", "NA", " car "]
    )
    if field.dtype == "boolean":
        return st.one_of(st.booleans(), st.none())
    wanted = words if field.has_text_categories else numbers
    return st.one_of(wanted, wanted, wanted, st.none())


ROWS = st.fixed_dictionaries(
    {field.name: values_of(field) for field in CONTRACT.features}
)


@given(row=ROWS)
def test_the_quality_gate_and_the_request_agree_on_each_field(row):
    """Whatever JSON can say of a feature, training and serving judge and read alike.

    Whitespace around a listed word is the one difference: a file is forgiven it, a
    request is not.
    """
    import pandas as pd

    from assay.quality.rules import typed_column

    try:
        accepted = read(row)
        wrong: set[str] = set()
    except ValidationError as error:
        accepted = {}
        wrong = {str(one["loc"][0]) for one in error.errors()}
    for field in CONTRACT.features:
        given_value = row[field.name]
        if field.unseen == "refuse" and given_value in (" car ", " "):
            continue
        column = typed_column(pd.Series([given_value], dtype=object), field)
        faults = [kind for kind, mask in column.faults.items() if mask[0]]
        assert bool(faults) == (field.name in wrong), (field.name, given_value, faults)
        if accepted:
            typed = column.typed[0]
            sent = accepted[field.name]
            if sent is None or sent == "":
                assert pd.isna(typed)
            else:
                assert typed == sent
