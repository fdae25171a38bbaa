"""Our own rollouts as tables whose effect is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assay.adapters.champions.chains import open_chains
from assay.adapters.ledger.decision_log import DecisionLog
from assay.canary import goes_to_canary
from assay.causal.plan import Plan
from assay.causal.withholding import answer_question
from assay.contract import find_contract
from assay.errors import ConfigError, DataError
from assay.history import ChampionEntry, Change, Served, Traffic, next_link
from assay.history.entry import change_content, history_of
from assay.ledger import StreamWriter
from assay.ledger.record import DecisionRecord, entry_bytes
from assay.settings import Settings
from deployments.environment import project_root
from tasks.rollouts import find_rollout, read_rollout, rollout_table

CONTRACT = find_contract("credit_default", project_root() / "data" / "contracts")
OLD, NEW = Served(1, "1" * 64), Served(2, "2" * 64)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CHANGED = datetime(2026, 3, 1, 6, tzinfo=UTC)
AS_OF = datetime(2027, 3, 1, tzinfo=UTC)


def entry(sequence, since, action, traffic):
    change = Change(action, traffic, actor="someone", reasons=())
    return ChampionEntry("credit_default", sequence, since, change, "0" * 64)


FIRST = entry(1, BEGAN, "promoted", Traffic(OLD))
TRIAL = entry(2, CHANGED, "canary_started", Traffic(OLD, NEW, 0.4))
TAKEN = entry(3, CHANGED + timedelta(days=30), "promoted", Traffic(NEW))


def log_of(at, version, chance_passed, seed=0, entities=None):
    """Return decisions at those times; one in five of those that passed goes bad."""
    rng = np.random.default_rng(seed)
    n = len(at)
    passed = rng.random(n) < chance_passed
    numbers = [f"r-{i}" for i in range(n)]
    rule = CONTRACT.decision
    decisions = pd.DataFrame(
        {
            "identifier": numbers,
            "decided_at": pd.to_datetime(at, utc=True),
            "recorded_at": pd.to_datetime(at, utc=True),
            "version": [str(one) for one in version],
            "probability": 0.1,
            "decision": np.where(passed, rule.negative_action, rule.positive_action),
            "latency_ms": 1.0,
        }
    )
    arrivals = pd.DataFrame(
        {
            "identifier": numbers,
            "label": (rng.random(n) < 0.2).astype(int),
            "observed_at": decisions["decided_at"] + pd.Timedelta(days=90),
        }
    )[passed]
    names = entities if entities is not None else [f"e-{i}" for i in range(n)]
    inputs = pd.DataFrame({CONTRACT.identifier.name: names})
    refusals = pd.DataFrame({"recorded_at": [], "status": []})
    return DecisionLog(decisions, inputs, arrivals, refusals, 0)


def canary_log(n=6_000):
    entities = [f"e-{i % (n // 2)}" for i in range(n)]
    drawn = np.array([goes_to_canary(e, NEW.bundle_digest, 0.4) for e in entities])
    at = [CHANGED + timedelta(minutes=5 * i) for i in range(n)]
    return log_of(at, np.where(drawn, 2, 1), 0.6 + 0.1 * drawn, entities=entities)


def answer(table, design, outcome, **options):
    plan = Plan(question="?", design=design, outcome=outcome, options=options)
    return answer_question(table, plan)


def test_a_canary_is_an_experiment_over_its_entities():
    rollout = find_rollout([FIRST, TRIAL], AS_OF)
    table = rollout_table(rollout, canary_log(), CONTRACT, AS_OF)
    assert table["entity"].nunique() == 3_000
    assert table["in_canary"].mean() == pytest.approx(0.4, abs=0.03)
    options = {"treated": "in_canary", "cluster": "entity"}
    passed = answer(table, "cluster_difference", "passed", **options)
    low, high = passed.shown.estimate.interval
    assert low < 0.1 < high
    bad = answer(table, "cluster_difference", "passed_and_bad", **options)
    low, high = bad.shown.estimate.interval
    assert low < 0.02 < high


def test_costs_are_those_of_the_contract_and_of_what_passed():
    rollout = find_rollout([FIRST, TRIAL], AS_OF)
    table = rollout_table(rollout, canary_log(600), CONTRACT, AS_OF)
    costs = CONTRACT.decision.costs
    bad, passed = table["passed_and_bad"] == 1, table["passed"] == 1
    assert (table.loc[bad, "cost"] == costs.false_negative).all()
    assert (table.loc[passed & ~bad, "cost"] == costs.true_negative).all()
    assert (table.loc[~passed, "cost"] == 0).all()


def test_whoever_answered_the_hash_says_who_was_drawn():
    log = canary_log(600)
    log.decisions["version"] = "1"  # the canary failed and the champion stood in
    table = rollout_table(find_rollout([FIRST, TRIAL], AS_OF), log, CONTRACT, AS_OF)
    assert 0 < table["in_canary"].mean() < 1


def test_what_is_not_known_yet_is_missing_and_refused_by_number():
    early = CHANGED + timedelta(days=40)
    rollout = find_rollout([FIRST, TRIAL], early)
    table = rollout_table(rollout, canary_log(600), CONTRACT, early)
    assert not table["is_mature"].any()
    assert table["passed_and_bad"].isna().all()
    assert table["passed"].notna().all()
    with pytest.raises(DataError, match="600 missing"):
        answer(table, "cluster_difference", "cost", treated="in_canary", cluster="entity")


def test_a_label_that_never_came_is_missing_however_old():
    log = canary_log(600)
    n_lost = 3
    log = DecisionLog(
        log.decisions, log.inputs, log.arrivals.iloc[n_lost:], log.refusals, 0
    )
    table = rollout_table(find_rollout([FIRST, TRIAL], AS_OF), log, CONTRACT, AS_OF)
    assert table["is_mature"].all()
    assert table["passed_and_bad"].isna().sum() == n_lost
    assert table["cost"].isna().sum() == n_lost


def promotion_log():
    at = [BEGAN + timedelta(minutes=30 * i) for i in range(48 * 130)]
    is_new = np.array([one >= TAKEN.since for one in at])
    in_trial = np.array([CHANGED <= one < TAKEN.since for one in at])
    drawn = in_trial & (np.random.default_rng(2).random(len(at)) < 0.4)
    version = np.where(is_new | drawn, 2, 1)
    return log_of(at, version, np.where(version == 2, 0.8, 0.5))


def test_a_promotion_is_a_series_of_days_without_the_canarys_answers():
    rollout = find_rollout([FIRST, TRIAL, TAKEN], AS_OF)
    assert (rollout.before, rollout.earliest, rollout.since) == (1, BEGAN, TAKEN.since)
    table = rollout_table(rollout, promotion_log(), CONTRACT, AS_OF)
    assert np.all(np.diff(table["day"]) == 1)
    # With the canary's answers the days of its trial would pass 0.62.
    trial = table["day"].between(-29, -1)
    assert table.loc[trial, "passed"].mean() == pytest.approx(0.5, abs=0.04)
    found = answer(table, "interrupted_series", "passed", period="day", start=0)
    low, high = found.shown.estimate.interval
    assert low < 0.3 < high


def test_a_day_of_which_some_is_not_known_has_no_mean():
    as_of = AS_OF
    log = promotion_log()
    some = log.arrivals.iloc[1:]
    log = DecisionLog(log.decisions, log.inputs, some, log.refusals, 0)
    table = rollout_table(find_rollout([FIRST, TAKEN], as_of), log, CONTRACT, as_of)
    assert table["cost"].isna().sum() == 1
    assert table["passed"].notna().all()


def test_the_rollout_is_found_by_its_number_and_ends_with_the_next_change():
    entries = [FIRST, TRIAL, TAKEN]
    assert find_rollout(entries, AS_OF).entry is TAKEN
    trial = find_rollout(entries, AS_OF, 2)
    assert trial.is_canary
    assert trial.until == TAKEN.since
    with pytest.raises(DataError, match=r"no rollout 7.*2 \(canary_started\)"):
        find_rollout(entries, AS_OF, 7)
    with pytest.raises(DataError, match="none"):
        find_rollout([], AS_OF)


def test_the_first_days_of_a_rollout_can_be_asked_for():
    entries = [FIRST, TRIAL, TAKEN]
    assert find_rollout(entries, AS_OF, 2, days=7).until == CHANGED + timedelta(days=7)
    # It ended on its thirtieth day, whatever was asked.
    assert find_rollout(entries, AS_OF, 2, days=40).until == TAKEN.since


def test_a_ledger_without_decisions_of_that_time_is_refused():
    log = log_of([BEGAN], [1], 0.5)
    with pytest.raises(DataError, match="holds no decision"):
        rollout_table(find_rollout([FIRST, TRIAL], AS_OF), log, CONTRACT, AS_OF)


def test_the_time_of_the_decision_counts_and_not_what_the_caller_says():
    log = canary_log(600)
    log.decisions["decided_at"] -= pd.Timedelta(days=60)
    rollout = find_rollout([FIRST, TRIAL], AS_OF)
    assert len(rollout_table(rollout, log, CONTRACT, AS_OF)) == 600


def test_history_and_ledger_on_disk_give_the_table(tmp_path):
    settings = Settings(home=tmp_path)
    chain = history_of("credit_default")
    for one in (FIRST, TRIAL):
        with open_chains(settings) as chains:
            content = change_content(one.change)
            link = next_link(chain, chains.head(chain), content, one.since)
            assert chains.append(link)
    writer = StreamWriter(settings.ledger_folder, "api-one-1")
    for number in range(40):
        inputs = {CONTRACT.identifier.name: f"e-{number}"}
        writer.stage(
            entry_bytes(
                DecisionRecord(
                    *(f"r-{number}", "credit_default", "1", "0" * 64, inputs, {}),
                    *(0.2, 0.15, CONTRACT.decision.negative_action),
                    latency_us=1_500,
                )
            )
        )
    writer.commit()
    writer.close()
    source = "rollout:credit_default#2"
    table = read_rollout(source, settings, datetime.now(UTC) + timedelta(days=1))
    assert len(table) == 40
    assert table["passed"].eq(1).all()
    told = table.set_index("entity")["in_canary"]
    assert told.to_dict() == {
        f"e-{n}": int(goes_to_canary(f"e-{n}", NEW.bundle_digest, 0.4)) for n in range(40)
    }


@pytest.mark.parametrize(
    "source",
    [
        "rollout:",
        "rollout:credit_default#last",
        "rollout:credit_default#2?days=0",
        "rollout:credit_default?weeks=2",
    ],
)
def test_a_source_in_another_form_is_refused(source):
    with pytest.raises(ConfigError, match="rollout:MODEL#SEQUENCE"):
        read_rollout(source, None, AS_OF)
