"""A canary promises a measurement, and gets it: registered, started once, answered."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from prefect.client.orchestration import get_client
from prefect.states import Crashed

from assay.adapters.champions.effect_plans import plan_breaks, registered_rollouts
from assay.adapters.champions.history import carry_out, history
from assay.adapters.tracking.client import mlflow_client
from assay.canary import goes_to_canary
from assay.contract import find_contract
from assay.history import Served
from assay.history.decisions import canary, promotion, withdrawal
from assay.history.protocol import change
from assay.ledger import StreamWriter
from assay.ledger.record import DecisionRecord, entry_bytes
from deployments.bootstrap import apply_plan, read_plan
from deployments.environment import project_root
from flows.estimate_effect import estimate_effect
from flows.measure_rollouts import measure_rollouts
from tasks.measuring import MOST_RUNS, label
from tests.flows.test_estimate_effect import texts
from tests.flows.test_retraining import a_worker, runs_of

PATIENCE_SECONDS = 1_500
OLD, NEW = Served(1, "1" * 64), Served(2, "2" * 64)
SHARE = 0.4
OPTIONS = {"treated": "in_canary", "cluster": "entity"}


@pytest.fixture
def make(tmp_path, monkeypatch, flow_settings):
    """Give a maker of models that put a canary on trial so many days ago.

    The trials end with the test: other tests watch every canary of the platform.
    """
    names = []
    (tmp_path / "contracts").mkdir()
    monkeypatch.setenv("ASSAY_CONTRACTS", str(tmp_path / "contracts"))
    settings = flow_settings.model_copy(update={"contracts": tmp_path / "contracts"})
    shipped = project_root() / "data" / "contracts" / "credit_default.toml"

    def made(name, days_ago):
        text = shipped.read_text().replace('"credit_default"', f'"{name}"', 1)
        (tmp_path / "contracts" / f"{name}.toml").write_text(text)
        client = mlflow_client(settings)
        client.create_registered_model(name)
        run = client.create_run("0").info
        for _ in range(2):
            client.create_model_version(name, f"{run.artifact_uri}/bare", run.run_id)
        began = datetime.now(UTC) - timedelta(days=days_ago)
        first = promotion(OLD, judged_against=None, reasons=(), actor="a person")
        carry_out(settings, change(name, first, began - timedelta(days=30)))
        carry_out(settings, change(name, canary(NEW, SHARE, "a person"), began))
        decided(settings, name, began)
        names.append(name)
        return settings, began

    yield made
    for name in names:
        ended = withdrawal(NEW.version, ("the test is over",), "a person")
        carry_out(settings, change(name, ended, datetime.now(UTC)))


def decided(settings, name, began, n=800):
    """Write decisions of twenty days and the labels of what passed into the ledger."""
    contract = find_contract(name, settings.contracts)
    rule, rng = contract.decision, np.random.default_rng(4)
    clock = [0]
    writer = StreamWriter(
        settings.ledger_folder, f"api-{name}-1".replace("_", "-"), clock=lambda: clock[0]
    )
    for number in range(n):
        at = began + timedelta(days=20 * (number + 1) / (n + 1))
        clock[0] = int(at.timestamp() * 1e9)
        entity = f"e-{number % (n // 2)}"
        drawn = goes_to_canary(entity, NEW.bundle_digest, SHARE)
        passed = rng.random() < 0.5 + 0.3 * drawn
        action = rule.negative_action if passed else rule.positive_action
        record = DecisionRecord(
            *(f"{name}-{number}", name, "2" if drawn else "1", "0" * 64),
            *({contract.identifier.name: entity}, {}, 0.2, 0.15, action),
            latency_us=1_500,
        )
        writer.stage(entry_bytes(record))
        if passed:
            outcome = {
                "kind": "outcome",
                "model": name,
                "request_id": f"{name}-{number}",
                "label": int(rng.random() < 0.2),
                "observed_at": (at + timedelta(days=60)).isoformat(),
            }
            writer.stage(entry_bytes(outcome))
        writer.commit()
    writer.close()


def deploy(settings):
    plan = read_plan(project_root())
    names = ("estimate_effect", "measure_rollouts")
    wanted = [
        {**one, "schedules": []}
        for one in plan.deployments
        if one["entrypoint"].split(".")[1] in names
    ]
    assert len(wanted) == 2
    return apply_plan(replace(plan, deployments=wanted), settings)


def only(found, name):
    return {key: value for key, value in found.items() if key.startswith(f"{name}#")}


@pytest.mark.timeout(3_600)
async def test_a_due_canary_is_measured_once_as_it_was_registered(
    make, services, tmp_path
):
    name = "lender_receipt"
    settings, began = make(name, days_ago=150)
    (registered,) = registered_rollouts(settings, name)
    assert registered.at == began.replace(microsecond=registered.at.microsecond)
    assert registered.at == history(settings, name)[-1].since
    await asyncio.to_thread(deploy, settings)

    first = only((await measure_rollouts())["started"], name)
    again = only((await measure_rollouts())["started"], name)
    assert sorted(first) == [
        f"{name}#2 {o}" for o in ("cost", "passed", "passed_and_bad")
    ]
    assert again == first

    dead = first[f"{name}#2 cost"]
    async with get_client() as client:
        died = Crashed(message="its process is gone")
        await client.set_flow_run_state(UUID(dead), died, force=True)
    third = only((await measure_rollouts())["started"], name)
    assert third.pop(f"{name}#2 cost") != dead
    assert third == {key: run for key, run in first.items() if run != dead}

    with a_worker(services, tmp_path):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(registered_rollouts(settings, name)[0].looks) < 3:
            assert time.monotonic() < deadline
            await asyncio.sleep(1)
        while not all(run.state.is_final() for run in await runs_of("estimate-effect")):
            assert time.monotonic() < deadline
            await asyncio.sleep(1)
    done = await measure_rollouts()
    assert only(done["started"], name) == {}
    assert set(only(done["plans"], name).values()) <= {"report", "warn"}
    (registered,) = registered_rollouts(settings, name)
    assert [look.departures for look in registered.looks] == [()] * 3
    assert plan_breaks(settings, name) == []
    page = (await texts("effect-cluster-difference"))[-1]
    assert registered.digest in page
    assert "This is the registered analysis" in page
    runs = [run for run in await runs_of("estimate-effect") if run.idempotency_key]
    assert len(runs) == 4


@pytest.mark.timeout(1_800)
async def test_an_early_look_is_recorded_said_to_depart_and_answers_nothing(make):
    name = "lender_peeked"
    settings, _ = make(name, days_ago=40)

    seen = await estimate_effect(
        f"rollout:{name}", "cluster_difference", "passed", OPTIONS
    )

    (registered,) = registered_rollouts(settings, name)
    assert seen["registration"] == registered.digest
    early, source, rows, unit = seen["departures"]
    assert "before labels were to have matured" in early
    assert f"'rollout:{name}#2?days=28'" in source
    assert "'is_mature == 1'" in rows
    assert "'share'" in unit
    assert (
        "departs from the plan in 4 respects"
        in (await texts("effect-cluster-difference"))[-1]
    )
    (look,) = registered.looks
    assert look.departures == tuple(seen["departures"])
    assert registered.answer_of("passed") is None
    found = await measure_rollouts()
    assert only(found["started"], name) == {}
    assert only(found["plans"], name)[f"{name}#2 passed"] == "waits for labels"


@pytest.mark.timeout(1_800)
async def test_a_plan_whose_three_runs_died_is_given_up_in_the_chain(make):
    name = "lender_lost"
    settings, _ = make(name, days_ago=150)
    await asyncio.to_thread(deploy, settings)
    lost = f"{name}#2 cost"

    seen = []
    for _ in range(MOST_RUNS):
        seen.append(only((await measure_rollouts())["started"], name)[lost])
        async with get_client() as client:
            died = Crashed(message="its process is gone")
            await client.set_flow_run_state(UUID(seen[-1]), died, force=True)
    assert len(set(seen)) == MOST_RUNS

    for _ in range(2):  # it is said once, and nothing is started for it again
        found = await measure_rollouts()
        assert lost not in only(found["started"], name)
        assert only(found["plans"], name)[lost] == "given up"
        (registered,) = registered_rollouts(settings, name)
        (look,) = registered.looks
        assert (look.verdict, look.outcome, look.run) == ("given up", "cost", "")
        assert look.note == "3 runs ended without an answer"
    assert plan_breaks(settings, name) == []
    left = [label(registered, outcome) for outcome in ("passed", "passed_and_bad")]
    assert sorted(only(found["started"], name)) == left

    for run in found["started"].values():  # no worker of another test is to take them
        async with get_client() as client:
            ended = Crashed(message="the test is over")
            await client.set_flow_run_state(UUID(run), ended, force=True)
