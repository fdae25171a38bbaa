"""Drift starts one retraining, whatever the event bus, the worker or the gate does."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psutil
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.events import emit_event

from assay.adapters.alerts import (
    NewAlert,
    NewRequest,
    alerts,
    ask_for_retraining,
    history,
    raise_alert,
    requests,
)
from assay.adapters.champions.history import champions
from assay.adapters.tracking import Registry
from deployments.bootstrap import apply_plan, read_plan
from deployments.environment import QUIET, project_root
from flows.monitor_champion import monitor_champion
from flows.nightly import nightly
from flows.reconcile_alerts import reconcile_alerts
from flows.retrain_on_alert import retrain_on_alert
from tasks.alerts import DRIFT_EVENT

TRAINED, LOOKED = "2026-06-15T00:00:00+00:00", "2026-12-01T00:00:00+00:00"
PATIENCE_SECONDS = 1_800
LEASE_SECONDS = 10.0


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    """Give a function that makes a model of its own, which nobody has to sign for."""
    data = project_root() / "data"
    for name in ("contracts", "policies"):
        shutil.copytree(data / name, tmp_path / name)
        monkeypatch.setenv(f"ASSAY_{name.upper()}", str(tmp_path / name))
    rules = tmp_path / "policies" / "signoff.toml"
    rules.write_text(rules.read_text().replace('"medium"', '"low"', 1))
    alerting = tmp_path / "policies" / "alerts.toml"
    asked = alerting.read_text()
    alerting.write_text(asked.replace("min_matured = 3000", "min_matured = 1500"))

    def make(name, **changes):
        text = (data / "contracts" / "credit_default.toml").read_text()
        text = text.replace('"credit_default"', f'"{name}"', 1)
        # A thousand rows judge here: the interval of the calibration error is wide.
        text = text.replace("ece = 0.05", "ece = 0.1")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "contracts" / f"{name}.toml").write_text(text)
        return name

    return make


@pytest.fixture
def settings(flow_settings, tmp_path):
    return flow_settings.model_copy(
        update={name: tmp_path / name for name in ("contracts", "policies")}
    )


def source(**options):
    given = "".join(f"&{name}={value}" for name, value in options.items())
    return f"simulate:lender?n_applicants=41000&start=2026-01-01&days=547&seed=7{given}"


WORSE = source(drift="recession", drift_start="2026-07-01", drift_size=1.5)


@contextmanager
def a_worker(services, tmp_path):
    """Run a worker of the pool until the end of the block; kill it with its runs."""
    with (tmp_path / f"worker-{time.monotonic_ns()}.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "prefect", "worker", "start", "--pool", "local"),
                *("--type", "process", "--install-policy", "never"),
            ],
            cwd=project_root(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                **QUIET,
                "PREFECT_API_URL": services.prefect_api,
                "PREFECT_WORKER_QUERY_SECONDS": "1",
                "PYTHONPATH": str(project_root()),
            },
        )
        try:
            yield process
        finally:
            kill_family(process.pid)
            process.wait()


def kill_family(pid):
    """Kill a process and all that it started, as a machine that loses power does."""
    try:
        family = [psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return
    family += family[0].children(recursive=True)
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=60)


def deploy(settings, *, with_event):
    """Put the two deployments on the server, as the bootstrap does."""
    plan = read_plan(project_root())
    wanted = []
    for each in plan.deployments:
        if each["entrypoint"].split(".")[1] in ("retrain_on_alert", "reconcile_alerts"):
            made = {**each, "schedules": []}
            if made["name"] == "on-demand":
                made["parameters"] = {"lease_seconds": LEASE_SECONDS}
                made["triggers"] = each["triggers"] if with_event else []
            wanted.append(made)
    assert len(wanted) == 2
    return apply_plan(replace(plan, deployments=wanted), settings)


async def ended(settings, name):
    """Wait until the model's request has ended and return it."""
    return await until(
        settings, name, lambda one: one.state in ("promoted", "refused", "failed")
    )


async def until(settings, name, holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = requests(settings, model_name=name)
        if found and holds(found[0]):
            return found[0]
        await asyncio.sleep(0.2)
    pytest.fail(f"the request does not come so far: {requests(settings)}")


async def runs_of(flow):
    async with get_client() as client:
        wanted = FlowFilter(name=FlowFilterName(any_=[flow]))
        return await client.read_flow_runs(flow_filter=wanted)


async def started_by_event(name, alert_id):
    """Return the runs that the automation started.

    Prefect drops an event whose trigger meets a locked SQLite database. That is what
    the reconciler is for; here the event is told again, until its automation has acted.
    """
    for _ in range(10):
        for _look in range(30):
            found = [
                run
                for run in await runs_of("retrain-on-alert")
                if run.created_by and run.created_by.type == "AUTOMATION"
            ]
            if found:
                return found
            await asyncio.sleep(0.5)
        resource = {"prefect.resource.id": f"assay.model.{name}"}
        emit_event(DRIFT_EVENT, resource=resource, payload={"alert_id": alert_id})
    return []


async def raised(name):
    await nightly(name, source(), as_of=TRAINED)
    seen = await monitor_champion(name, WORSE, as_of=LOOKED)
    assert len(seen["retrainings"]) == 1
    return seen["alerts"][0]


@pytest.mark.timeout(5_400)
async def test_an_event_and_the_reconciler_at_once_start_one_retraining(
    own_models, settings, services, tmp_path
):
    name = own_models("lender_event")
    await asyncio.to_thread(deploy, settings, with_event=True)
    with a_worker(services, tmp_path):
        alert_id = await raised(name)
        await reconcile_alerts()
        request = await ended(settings, name)
    asked = {one.request_id for one in requests(settings, model_name=name)}
    # The reconciler starts requests of other models too; of this one there is one.
    assert asked == {request.request_id}
    assert (request.state, request.n_tries) == ("promoted", 1), request.note
    versions = [one.version for one in Registry(settings).versions(name)]
    assert sorted(versions) == [1, 2]
    assert Registry(settings).champion(name).version == request.version == 2
    assert [one.version for one in champions(settings, name)] == [1, 2]
    (alert,) = [a for a in alerts(settings, model_name=name) if a.alert_id == alert_id]
    assert alert.state == "resolved"
    assert history(settings, alert_id)[-1].note == "version 2 is the champion"
    again = await reconcile_alerts()
    assert request.request_id not in again["started"]
    assert len(await started_by_event(name, alert_id)) >= 1


@pytest.mark.timeout(5_400)
async def test_a_worker_that_dies_half_way_and_no_event_still_make_one_version(
    own_models, settings, services, tmp_path
):
    name = own_models("lender_killed")
    await asyncio.to_thread(deploy, settings, with_event=False)
    alert_id = await raised(name)
    found = await reconcile_alerts()
    (asked,) = requests(settings, model_name=name)
    number = asked.request_id
    with a_worker(services, tmp_path) as worker:
        await until(settings, name, lambda one: bool(one.snapshot_uri))
        kill_family(worker.pid)
    (left,) = requests(settings, model_name=name)
    assert (left.state, left.n_tries) == ("running", 1)
    # It is held by the dead until its lease ends; then, and only then, it is started.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while number not in (again := await reconcile_alerts())["started"]:
        assert time.monotonic() < deadline
    assert again["started"][number] != found["started"][number]
    dead = [
        one for one in await runs_of("retrain-on-alert") if one.id == UUID(left.holder)
    ]
    assert [one.state.type.value for one in dead] == ["CRASHED"]
    with a_worker(services, tmp_path):
        request = await ended(settings, name)
    assert (request.state, request.n_tries) == ("promoted", 2), request.note
    assert request.snapshot_uri == left.snapshot_uri
    assert sorted(v.version for v in Registry(settings).versions(name)) == [1, 2]
    notes = [entry.note for entry in history(settings, alert_id)]
    assert notes.count("version 2 is the champion") == 1


async def ask(settings, name, since, as_of, origin):
    """Write an alert with its request, as the monitoring does."""
    new = NewAlert(
        *(name, "concept_drift", "label", "critical", "credit-risk", "worse"),
        {"since": since.isoformat()},
    )
    request = NewRequest(origin, as_of, since, timedelta(days=14))
    alert, _ = raise_alert(
        settings,
        new,
        actor="test",
        also=lambda connection, alert: ask_for_retraining(
            connection, alert, request, datetime.now(UTC)
        ),
    )
    return alert.alert_id


@pytest.mark.timeout(3_600)
async def test_immature_labels_wait_are_told_and_then_escalate(own_models, settings):
    name = own_models("lender_young")
    as_of = datetime(2026, 9, 20, tzinfo=UTC)
    alert_id = await ask(settings, name, datetime(2026, 7, 1, tzinfo=UTC), as_of, WORSE)
    seen = await retrain_on_alert(alert_id)
    assert seen["outcome"] == "waits"
    assert "1,500 are the fewest" in seen["reasons"][0]
    assert Registry(settings).versions(name) == []
    (request,) = requests(settings, model_name=name)
    assert request.state == "asked"
    # The last of 1,500 applications since the change matures then, and not a day before.
    assert datetime(2026, 10, 10, tzinfo=UTC) < request.due_at
    assert request.due_at < datetime(2026, 11, 5, tzinfo=UTC)
    (alert,) = alerts(settings, model_name=name)
    assert alert.state == "open"
    assert "too early" in history(settings, alert_id)[-1].note
    early = await retrain_on_alert(alert_id)
    assert early["outcome"] == "nothing"
    assert "it is due at" in early["note"]
    rules = settings.policies / "alerts.toml"
    rules.write_text(rules.read_text().replace("escalate_days = 45", "escalate_days = 0"))
    # The data's clock goes on when the champion is looked at again.
    later = as_of + timedelta(days=1)
    await ask(settings, name, request.since, later, WORSE)
    told = await reconcile_alerts()
    assert request.request_id in told["escalated"]
    assert request.request_id not in told["started"]
    now = alerts(settings, model_name=name)
    assert [a.subject for a in now if a.measure == "retraining"] == ["overdue"]


@pytest.mark.timeout(3_600)
async def test_a_refused_challenger_leaves_the_champion_and_opens_the_alert_again(
    own_models, settings
):
    name = own_models("lender_refused")
    await nightly(name, source(), as_of=TRAINED)
    own_models("lender_refused", **{"auc = 0.65": "auc = 0.99"})
    since, as_of = datetime(2026, 7, 1, tzinfo=UTC), datetime.fromisoformat(LOOKED)
    alert_id = await ask(settings, name, since, as_of, WORSE)
    seen = await retrain_on_alert(alert_id)
    assert seen["outcome"] == "refused"
    assert Registry(settings).champion(name).version == 1
    (alert,) = alerts(settings, model_name=name)
    assert alert.state == "open"
    assert "0.99" in history(settings, alert_id)[-1].note
    # The same alert, seen again, asks for nothing until the policy's days are over.
    await ask(settings, name, since, as_of + timedelta(days=13), WORSE)
    assert len(requests(settings, model_name=name)) == 1
    await ask(settings, name, since, as_of + timedelta(days=15), WORSE)
    assert len(requests(settings, model_name=name)) == 2
