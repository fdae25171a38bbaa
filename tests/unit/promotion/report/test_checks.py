"""Reproduction, changes and limits in cases that the whole report does not show."""

from dataclasses import replace

import pytest

from assay.contract import read_contract
from assay.promotion.evidence import Reproduction
from assay.promotion.report.checks import changes, limits, soundness
from tests.unit.promotion.conftest import CONTRACT, DIGEST, WHOLE, bundle


def test_a_second_fit_that_gave_nothing_is_said_to_have(case):
    evidence = replace(WHOLE, reproduction=Reproduction(DIGEST, ""))
    rows = soundness(replace(case, evidence=evidence)).grids[0].rows
    assert rows[-1][:2] == ("second fit's digest", "nothing for abababababab")


def without(contract, *names):
    fields = tuple(field for field in contract.fields if field.name not in names)
    return contract.model_copy(update={"fields": fields})


@pytest.mark.parametrize(
    ("gone", "left_out", "added"),
    [
        ((), "none", "none"),
        (("income",), "income", "income"),
        (("income", "debt"), "debt, income", "debt, income"),
    ],
)
def test_inputs_that_came_and_went_are_named(case, contract, gone, left_out, added):
    whole, fewer = bundle(contract, "1" * 64), bundle(without(contract, *gone), "2" * 64)

    def told(old, new):
        rows = changes(replace(case, champion=old, challenger=new)).grids[0].rows
        return {row[0]: row[1:] for row in rows}

    word = "changed" if gone else "same"
    assert told(whole, fewer)["inputs left out"] == (left_out, "none", word)
    assert told(fewer, whole)["inputs added"] == ("none", added, word)


def test_limits_count_the_holdout_and_the_days_until_outcomes_are_known(case, contract):
    bare = bundle(contract, "12" * 32, n_rows={"train": 10})
    assert (
        limits(replace(case, challenger=bare))
        .bullets[1]
        .startswith("The holdout has 0 rows (from 121212121212); ")
    )
    soon = read_contract(CONTRACT.replace("maturity_days = 90", "maturity_days = 1"))
    assert limits(replace(case, contract=soon)).bullets[-1] == (
        "Outcomes take 1 days to be known; newer rows were not judged."
    )
    timeless = read_contract(
        CONTRACT.replace("maturity_days = 90", "").replace(
            'dtype = "timestamp"\nrole = "event_time"', 'dtype = "text"\nrole = "ignored"'
        )
    )
    assert limits(replace(case, contract=timeless)).bullets[-1] == (
        "Rows have no time: stability over time is not known."
    )
