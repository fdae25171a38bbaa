"""The inventory shows what is overdue, and nothing else, in red."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from assay.signoff.case import SignoffCase
from assay.signoff.inventory import (
    ModelFacts,
    inventory_row,
    last_review_of,
    signed_under,
)
from assay.signoff.policy import SignoffPolicy
from tests.unit.signoff.people import Person, request_for

NOW = datetime(2026, 11, 21, tzinfo=UTC)
POLICY = SignoffPolicy.model_validate(
    {
        "revision": 1,
        "default_tier": "high",
        "request_days": 14,
        "tiers": {"low": (), "medium": ("validator",), "high": ("validator", "auditor")},
        "models": {
            "m": {
                "tier": "medium",
                "exposure": "10,000 loans a year",
                "validator": "vera",
                "review_days": 100,
                "monitor_hours": 26,
            }
        },
    }
)


def row(model_name="m", *, champion=3, reviewed_days=10.0, silent_hours=1.0, **more):
    facts = ModelFacts(
        model_name=model_name,
        owner="credit-risk",
        purpose="default",
        champion=champion,
        last_review=None if reviewed_days is None else NOW - timedelta(reviewed_days),
        watched_at=None if silent_hours is None else NOW - timedelta(hours=silent_hours),
        **more,
    )
    return inventory_row(facts, POLICY, NOW)


def test_a_model_that_is_in_order_has_no_findings():
    found = row()
    assert found.findings == ()
    assert (found.tier, found.validator) == ("medium", "vera")
    assert found.next_review == NOW + timedelta(days=90)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"reviewed_days": None}, "never reviewed"),
        ({"reviewed_days": 100}, "review overdue"),
        ({"silent_hours": None}, "monitors never ran"),
        ({"silent_hours": 26.1}, "monitors stale: silent for 26 hours"),
    ],
)
def test_what_is_overdue_is_a_finding(change, finding):
    assert row(**change).findings == (finding,)


@pytest.mark.parametrize("change", [{"reviewed_days": 99.9}, {"silent_hours": 26}])
def test_what_is_just_in_time_is_none(change):
    assert row(**change).findings == ()


def test_a_model_without_a_champion_needs_no_watching():
    found = row(champion=None, reviewed_days=None, silent_hours=None)
    assert found.findings == ()


def test_a_model_that_the_policy_does_not_name_is_a_finding():
    found = row("unknown")
    assert found.tier == "high"
    assert "not in the policy" in found.findings[0]


def test_a_review_is_what_people_decided_and_not_what_ran_out():
    vera = Person("vera", "validator")
    request = request_for(roles=("validator",))
    signed = SignoffCase(request, (vera.signs(request),), "refused")
    later = request_for(roles=("validator",), request_id="r-2")
    ran_out = SignoffCase(later, (), "refused")
    ended = {"r-1": NOW, "r-2": NOW + timedelta(days=1)}
    assert last_review_of([signed, ran_out], ended) == NOW
    assert last_review_of([ran_out], ended) is None


def test_a_champion_that_was_signed_for_under_another_policy_is_a_finding():
    mark = POLICY.mark_for("m")
    assert row(signed_under=mark).findings == ()
    old = replace(mark, digest="0" * 64)
    [finding] = row(signed_under=old).findings
    assert finding == f"policy {old} is now {mark}"


def test_monitors_that_nobody_can_ask_about_are_a_finding():
    found = row(silent_hours=None, unwatchable="MLflow does not answer")
    assert found.findings == ("monitors not known: MLflow does not answer",)


def test_the_policy_of_a_champion_is_that_of_the_request_that_promoted_it():
    mark = POLICY.mark_for("m")
    first = request_for(policies=(mark,), bundle_digest="1" * 64)
    second = request_for(policies=(replace(mark, revision=2),), request_id="r-2")
    cases = [SignoffCase(first, (), "promoted"), SignoffCase(second, (), "refused")]
    assert signed_under(cases, "1" * 64) == mark
    assert signed_under(cases, second.bundle_digest) is None
    assert signed_under([SignoffCase(request_for(), (), "promoted")], "b" * 64) is None
