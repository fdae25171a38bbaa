"""What became of a registered plan, as people read it."""

from datetime import UTC, datetime, timedelta

from assay.adapters.champions.effect_plans import Look, Registered
from assay.causal.registration import registration_of
from tasks.measuring import label, state_of

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
FOUND = registration_of(
    "lender", 2, SINCE, is_canary=True, maturity_days=90, contract_digest="c" * 64
)


def registered(*looks):
    return Registered("lender", 2, SINCE, "e" * 64, FOUND, looks)


def look(verdict, departures=()):
    return Look(SINCE + timedelta(days=50), "cost", verdict, departures, (), "", "")


def test_a_plan_waits_then_is_due_and_a_peek_changes_nothing():
    peeked = registered(look("report", ("it looks early",)))
    assert state_of(peeked, "cost", FOUND.due_at - timedelta(1)) == "waits for labels"
    assert state_of(peeked, "cost", FOUND.due_at) == "due"


def test_an_answer_is_its_verdict():
    answered = registered(look("refused"))
    assert state_of(answered, "cost", FOUND.due_at) == "refused"
    assert state_of(answered, "passed", FOUND.due_at) == "due"
    assert label(answered, "cost") == "lender#2 cost"
