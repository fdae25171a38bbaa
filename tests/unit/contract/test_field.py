"""A text that a model reads: what a contract says of it, and what a request may send."""

import json

import pytest
from pydantic import ValidationError

from assay.contract import read_contract
from assay.contract.document import contract_page
from assay.contract.request import request_model, row_values
from assay.errors import ContractError
from tests.texts import CONTRACT

TEXT = read_contract(CONTRACT)
MODEL = request_model(TEXT)


def read(value):
    return row_values(TEXT)(MODEL.model_validate_json(json.dumps({"words said": value})))


def test_the_text_is_the_contracts_one_feature():
    assert TEXT.free_text is not None
    assert TEXT.free_text.name == "words said"
    assert "at most 80 characters" in contract_page(TEXT)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("maximum = 80\n", "", "needs a maximum"),
        ("maximum = 80", "maximum = 0", "needs a maximum"),
        ("maximum = 80", "maximum = 2.5", "needs a maximum"),
        ("maximum = 80", "maximum = 80\nminimum = 1", "no minimum"),
        ("maximum = 80", 'maximum = 80\nnulls = "allow"', 'write nulls = "refuse"'),
        (
            '[[field]]\nname = "bad"',
            '[[field]]\nname = "n"\ndtype = "number"\n[[field]]\nname = "bad"',
            "stands beside 1 others",
        ),
        (
            'dtype = "text"\nmaximum = 80',
            'dtype = "text"\nmaximum = 80\nrole = "ignored"',
            "has bounds",
        ),
    ],
)
def test_a_text_without_a_bound_or_beside_others_is_refused(old, new, said):
    with pytest.raises(ContractError, match=said):
        read_contract(CONTRACT.replace(old, new))


def test_a_request_gives_the_text_without_the_white_space_around_it():
    assert read("  sales grew\n") == {"words said": "sales grew"}
    assert read("x" * 80) == {"words said": "x" * 80}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x" * 81, "string_too_long"),
        ("", "missing_text"),
        (" \t\n", "missing_text"),
        ("N/A", "missing_text"),
        ("a\x00b", "not_text"),
        (7, "string_type"),
        (None, "string_type"),
    ],
)
def test_a_request_without_a_readable_text_is_refused(value, kind):
    with pytest.raises(ValidationError) as caught:
        read(value)
    assert [one["type"] for one in caught.value.errors()] == [kind]


def test_the_schema_names_the_most_characters():
    schema = MODEL.model_json_schema()["properties"]["words said"]
    assert schema["maxLength"] == 80
    assert MODEL.model_json_schema()["required"] == ["words said"]
