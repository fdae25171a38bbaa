"""What is typed after `assay run FLOW` becomes typed parameters, or one clear refusal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.errors import ConfigError
from deployments.command.parameters import parse_parameters, without_other_models_data

WHERE = Path("/somewhere/project")
SCHEMA = {
    "properties": {
        "model_name": {"type": "string"},
        "source": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "folds": {"type": "integer"},
        "search_minutes": {"type": "number"},
        "fail": {"type": "boolean"},
        "as_of": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "models": {"type": "array", "items": {"type": "string"}},
    },
    "required": [],
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--model", "taiwan_credit"], {"model_name": "taiwan_credit"}),
        (["--model_name", "123"], {"model_name": "123"}),
        (["--model-name=x"], {"model_name": "x"}),
        (["--folds", "3"], {"folds": 3}),
        (["--search-minutes", "2"], {"search_minutes": 2}),
        (["--search-minutes", "0.5"], {"search_minutes": 0.5}),
        (["--fail"], {"fail": True}),
        (["--fail", "--folds", "3"], {"fail": True, "folds": 3}),
        (["--fail=false"], {"fail": False}),
        (["--models", '["a", "b"]'], {"models": ["a", "b"]}),
        (["--source", "null"], {"source": None}),
        (["--as-of", "2026-10-01"], {"as_of": "2026-10-01"}),
        ([], {}),
    ],
)
def test_words_become_values_of_the_schemas_types(words, expected):
    assert parse_parameters(words, SCHEMA, WHERE) == expected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("../shared/rows.parquet", "/somewhere/shared/rows.parquet"),
        ("rows.csv", "/somewhere/project/rows.csv"),
        ("/data/rows.csv", "/data/rows.csv"),
        ("simulate:lender?seed=7", "simulate:lender?seed=7"),
        ("s3://bucket/rows.parquet", "s3://bucket/rows.parquet"),
        ("openml:45023", "openml:45023"),
    ],
)
def test_a_relative_file_is_meant_from_where_the_caller_is(typed, meant):
    assert parse_parameters(["--source", typed], SCHEMA, WHERE) == {"source": meant}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rows", "3"], "no parameter --rows; this flow takes --model_name, --source"),
        (["--folds", "many"], "--folds is 'many'; allowed: integer"),
        (["--folds", "2.5"], "--folds is '2.5'; allowed: integer"),
        (["--folds", "true"], "--folds is 'true'; allowed: integer"),
        (["--fail", "1"], "--fail is '1'; allowed: boolean"),
        (["folds", "3"], "'folds' is no parameter; write --name value"),
        (["--folds", "3", "--folds", "4"], "--folds is given twice"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused_with_what_it_does(words, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse_parameters(words, SCHEMA, WHERE)


def test_a_required_parameter_that_is_not_given_is_named():
    schema = {**SCHEMA, "required": ["source"]}
    with pytest.raises(ConfigError, match="needs --source"):
        parse_parameters(["--folds", "3"], schema, WHERE)


def test_another_model_or_source_does_not_get_the_default_models_data():
    defaults = {"model_name": "a", "source": "simulate:lender", "as_of": "2026-10-01"}
    assert without_other_models_data({"seed": 1}, defaults) == {"seed": 1}
    assert without_other_models_data({"model_name": "a"}, defaults) == {"model_name": "a"}
    assert without_other_models_data({"model_name": "b"}, defaults) == {
        "model_name": "b",
        "source": None,
        "as_of": None,
    }
    own = without_other_models_data({"source": "/rows.csv"}, defaults)
    assert own == {"source": "/rows.csv", "as_of": None}
    assert without_other_models_data({"model_name": "b"}, {"folds": 5}) == {
        "model_name": "b"
    }
