"""What a rollout promises to measure, and where an analysis is another one."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from assay.causal.plan import Plan
from assay.causal.registration import (
    Registration,
    changed_grounds,
    departures,
    read_registration,
    registration_of,
)

SINCE = datetime(2026, 3, 1, 6, tzinfo=UTC)
CONTRACT = "c" * 64


def registered(*, is_canary=True):
    return registration_of(
        "lender", 2, SINCE, is_canary=is_canary, maturity_days=90,
        contract_digest=CONTRACT,
    )  # fmt: skip


def plan_of(found: Registration, of="cost", **changes):
    promised = found.plans[of]
    names = ("question", "design", "outcome", "options", "unit")
    return Plan(**{**{name: promised[name] for name in names}, **changes})


def departed(found, plan, **changes):
    kept = {"source": found.source, "rows": found.rows, "at": found.due_at}
    return departures(found, plan, **{**kept, **changes})


def test_a_canary_is_measured_as_the_experiment_that_it_is():
    found = registered()
    assert found.source == "rollout:lender#2?days=28"
    assert found.due_at == SINCE + timedelta(days=28 + 90 + 7)
    assert sorted(found.plans) == ["cost", "passed", "passed_and_bad"]
    assert {plan["design"] for plan in found.plans.values()} == {"cluster_difference"}
    assert found.plans["cost"]["options"] == {"treated": "in_canary", "cluster": "entity"}
    assert found.plans["cost"]["digest"] == plan_of(found).digest


def test_a_promotion_is_a_series_of_days_near_it():
    found = registered(is_canary=False)
    assert {plan["design"] for plan in found.plans.values()} == {"interrupted_series"}
    assert found.rows == "is_mature == 1 and day >= -84"


def test_it_comes_back_from_plain_values():
    found = registered()
    assert read_registration(found.as_dict()) == found


def test_the_registered_analysis_departs_in_nothing():
    found = registered()
    for outcome in found.plans:
        plan = plan_of(found, outcome)
        assert departed(found, plan) == ()
        assert changed_grounds(found, plan, CONTRACT) == ()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"at": SINCE + timedelta(days=30)}, "before labels were to have matured"),
        ({"source": "rollout:lender#2"}, "source 'rollout:lender#2' instead"),
        ({"rows": ""}, "rows '' instead of the registered 'is_mature == 1'"),
    ],
)
def test_an_early_look_and_other_rows_are_departures(changes, word):
    found = registered()
    (one,) = departed(found, plan_of(found), **changes)
    assert word in one


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"design": "mean_difference", "options": {"treated": "in_canary"}},
         ["design 'mean_difference'", "option cluster None"]),
        ({"options": {"treated": "in_canary", "cluster": "branch"}},
         ["option cluster 'branch' instead of the registered 'entity'"]),
        ({"options": {"treated": "in_canary", "cluster": "entity", "level": 0.9}},
         ["option level 0.9 instead of the registered None"]),
        ({"unit": "USD"}, ["unit 'USD'"]),
        ({"outcome": "profit"}, ["outcome 'profit' was not registered; cost, passed"]),
    ],
)  # fmt: skip
def test_another_plan_is_a_departure_that_is_named(changes, words):
    found = registered()
    told = departed(found, plan_of(found, **changes))
    assert len(told) == len(words)
    for sentence, word in zip(told, words, strict=True):
        assert word in sentence


def test_a_new_contract_and_new_thresholds_are_told_apart_from_choices():
    found = registered()
    plan = plan_of(found)
    assert departed(found, plan) == ()
    (contract,) = changed_grounds(found, plan, "d" * 64)
    assert "contract 'dddddddddddd' instead" in contract
    promised = {**found.plans["cost"], "thresholds_digest": "0" * 64}
    older = dataclasses.replace(found, plans={"cost": promised})
    (thresholds,) = changed_grounds(older, plan, CONTRACT)
    assert "thresholds of the verdict" in thresholds
