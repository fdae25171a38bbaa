"""Great Expectations as a second witness of what the contract accepts."""

import json
import logging
import re
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.contract import read_contract
from assay.quality.expectations import validate_batch
from assay.quality.rows import assess_rows
from assay.simulate.lender import simulate_lender

CONTRACT = read_contract(Path(__file__).parents[3] / "data/contracts/credit_default.toml")
AS_OF = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def clean():
    return simulate_lender(
        n_applicants=2_000, start=date(2026, 1, 1), days=240, seed=1
    ).frame


@pytest.fixture(scope="module")
def broken(clean):
    frame = clean.copy()
    frame.loc[:9, "income"] = 5e6
    frame.loc[5:20, "loan_amount"] = np.nan
    frame.loc[30:33, "age"] = 3
    frame.loc[3:4, "housing"] = "castle"
    frame.loc[40:42, "term_months"] = 13
    frame.loc[50, "applied_at"] = pd.Timestamp("2100-01-01", tz="UTC")
    return frame


@pytest.fixture(scope="module")
def witnessed(broken):
    return validate_batch(broken, CONTRACT, AS_OF)


def test_accepted_rows_pass_the_strict_suite(broken):
    accepted = assess_rows(broken, CONTRACT, as_of=AS_OF).accepted
    found = validate_batch(accepted, CONTRACT, AS_OF)
    assert found.success
    assert found.unexpected_counts == {}


def test_both_witnesses_count_the_same_broken_rows(broken, witnessed):
    ours = assess_rows(broken, CONTRACT, as_of=AS_OF).reason_counts
    between, within, null = (
        f"expect_column_values_to_{kind}"
        for kind in ("be_between", "be_in_set", "not_be_null")
    )
    assert not witnessed.success
    assert witnessed.unexpected_counts == {
        f"income:{between}": ours["income:above_maximum"],
        f"loan_amount:{null}": ours["loan_amount:missing"],
        f"age:{between}": ours["age:below_minimum"],
        f"housing:{within}": ours["housing:unknown_category"],
        f"term_months:{within}": ours["term_months:unknown_category"],
        f"applied_at:{between}": ours["applied_at:in_the_future"],
    }
    assert sum(ours.values()) == 36


def test_a_column_of_another_type_and_a_missing_one_fail(clean):
    other = clean.assign(income=clean["income"].astype(str)).drop(columns="age")
    found = json.loads(validate_batch(other, CONTRACT).json)
    failed = {
        (
            one["expectation_config"]["type"],
            one["expectation_config"]["kwargs"].get("column"),
        )
        for one in found["results"]
        if not one["success"]
    }
    assert ("expect_column_values_to_be_in_type_list", "income") in failed
    assert ("expect_table_columns_to_match_set", None) in failed


def test_no_rows_are_no_success(clean):
    assert not validate_batch(clean.head(0), CONTRACT).success


def test_the_page_loads_nothing_and_names_every_field(witnessed):
    page = witnessed.page_html
    assert not re.search(r"<script|<link|<img|src=|url\(|https?:|@import|\son\w+=", page)
    assert all(field.name in page for field in CONTRACT.fields)
    assert "<title>Data of credit_default against its contract</title>" in page
    assert "<style>" in page
    assert "Failed" in page


def test_the_library_logs_nothing_and_leaves_the_root_logger_alone(clean, caplog):
    root = logging.getLogger()
    handlers = list(root.handlers)
    with caplog.at_level(logging.INFO):
        validate_batch(clean.head(50), CONTRACT)
        assert root.level == logging.INFO
    assert root.handlers == handlers
    assert caplog.records == []
