"""Each stress test does what it says, on rows that are known."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from assay.contract import find_contract
from assay.examination.stress import (
    _simulated_recession,
    _unforeseen,
    noise_step,
    stress_results,
)
from assay.promotion.evidence import demanded_stress
from assay.simulate.lender import simulate_lender


@pytest.fixture(scope="module")
def results(subject):
    return stress_results(subject)


def of(results, kind):
    return {result.field: result for result in results if result.kind == kind}


def test_every_test_that_the_contract_asks_for_is_taken(results, subject):
    taken = [(r.kind, r.field) for r in results if r.kind != "recession"]
    asked = [pair for pair in demanded_stress(subject.gates) if pair[0] != "recession"]
    assert taken == asked


def test_rows_that_break_the_contract_are_all_refused(results):
    for kind in ("missing_refused", "out_of_range"):
        for result in of(results, kind).values():
            assert result.n_tried >= 50
            assert result.n_refused == result.n_tried


def test_a_contract_that_takes_everything_refuses_nothing(subject):
    loose = [
        f.model_copy(update={"nulls": "allow"}) if f.role == "feature" else f
        for f in subject.gates.fields
    ]
    gates = subject.gates.model_copy(update={"fields": tuple(loose)})
    strict = replace(subject, gates=gates)
    assert of(stress_results(strict), "missing_refused") == {}


def test_without_a_row_in_order_nothing_counts_as_tried(subject):
    golden = subject.bundle.golden.model_copy(update={"rows": ({"amount": 1.0},)})
    without = replace(subject, bundle=replace(subject.bundle, golden=golden))
    found = of(stress_results(without), "out_of_range")
    assert all(result.n_tried == 0 for result in found.values())


def test_the_field_that_carries_the_score_loses_most_when_missing(results):
    lost = of(results, "missing_loss")
    assert max(lost, key=lambda name: lost[name].found.value) == "amount"
    assert lost["amount"].found.low > 0.02


def test_noise_flips_few_decisions_and_most_for_what_weighs(results, subject):
    flipped = of(results, "noise")
    assert set(flipped) == {"amount", "rare amount", "n_events"}
    assert all(0 <= r.found.value < 0.2 for r in flipped.values())
    assert flipped["n_events"].found.value > flipped["rare amount"].found.value
    assert flipped["n_events"].n_tried == len(subject.labels)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        (np.arange(0.0, 1001.0), 1.0),
        (np.arange(0.0, 21.0), 0.1),
        (np.r_[np.zeros(99), 10.0], np.std(np.r_[np.zeros(99), 10.0]) / 100),
        (np.array([np.nan, 1.0, 3.0, np.nan]), 0.01),
        (np.full(3, np.nan), 1.0),
    ],
)
def test_a_unit_is_at_most_a_hundredth_of_the_spread(values, step):
    assert noise_step(values) == pytest.approx(step)


def test_a_shock_turns_half_as_many_good_outcomes_bad_and_no_bad_one_good(subject):
    turned = _unforeseen(subject)
    assert turned.sum() == subject.labels.sum() + round(0.5 * subject.labels.sum())
    assert (turned[subject.labels == 1] == 1).all()


def test_a_shock_that_no_input_shows_costs_auc(results, subject):
    [recession] = [r for r in results if r.kind == "recession"]
    assert (
        recession.field == f"50% more bad outcomes at random, {len(subject.labels)} rows"
    )
    assert 0.5 < recession.found.value < 0.8


def test_a_lender_is_strained_with_its_own_simulated_recession():
    contract = find_contract("credit_default", Path("data/contracts"))
    rows, labels = _simulated_recession(contract, 3)
    calm = simulate_lender(n_applicants=5000, start=date(2026, 1, 1), days=90, seed=3)
    assert len(rows) == len(labels) == 5000
    assert labels.mean() > 1.5 * calm.frame["defaulted"].mean()
