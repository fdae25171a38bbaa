"""Tasks of a retraining that drift asked for: take the request, choose rows, conclude."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from assay.adapters.alerts import (
    Request,
    alerts,
    change_state,
    claim_request,
    hold_on,
    note_step,
    postpone,
    read_policy,
    requests,
    settle,
)
from assay.adapters.alerts.alert import State
from assay.adapters.snapshots import Snapshot, SnapshotStore, read_snapshot
from assay.adapters.tracking import Registry
from assay.adapters.tracking.registry import CHALLENGER
from assay.contract import Contract
from assay.errors import AssayError, RegistryError
from assay.monitoring.retraining import Readiness, assess_readiness
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

ACTOR = "retrain-on-alert"
RENEWALS = 5
"""Times that a hold is renewed before it would end."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that this run holds; None and why, where there is nothing to do."""

    request: Request | None
    reason: str


@task(name="take-request", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def take_request(alert_id: int, lease_seconds: float, settings: Settings) -> Taken:
    """Take the request that an alert asked for, unless another run has it."""
    found = requests(settings, alert_id=alert_id)
    now = datetime.now(UTC)
    taken, reason = None, f"alert {alert_id} asked for no retraining"
    if found and not found[0].is_startable(now):
        newest = found[0]
        reason = f"request {newest.request_id} is {newest.state}: {newest.note}"
        if newest.state == "asked":
            reason += f"; it is due at {newest.due_at:%Y-%m-%d %H:%M}"
    elif found:
        holder = str(flow_run.get_id() or threading.get_ident())
        taken = claim_request(settings, found[0].request_id, holder, lease_seconds, now)
        reason = f"another run took request {found[0].request_id}"
    if taken is not None:
        _tell(settings, taken, "acknowledged", f"retraining, request {taken.request_id}")
        reason = f"request {taken.request_id}, try {taken.n_tries}"
    get_run_logger().info("request: alert=%d taken=%s: %s", alert_id, bool(taken), reason)
    return Taken(taken, reason)


@contextmanager
def held(request: Request, lease_seconds: float, settings: Settings) -> Iterator[None]:
    """Renew the hold on a request until the end of the block.

    A fault inside gives the request back, to be tried again. A process that dies renews
    nothing: after `lease_seconds` another run may take the request.
    """
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease_seconds / RENEWALS):
            try:
                if not hold_on(settings, request, lease_seconds, datetime.now(UTC)):
                    return
            except AssayError:
                continue  # the database is away: the hold has time for more tries

    renewing = threading.Thread(target=renew, daemon=True)
    renewing.start()
    try:
        yield
    except Exception as fault:
        _give_back(request, fault, settings)
        raise
    finally:
        done.set()
        renewing.join()


@task(name="choose-rows", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def choose_rows(
    request: Request, snapshot_uri: str, contract: Contract, settings: Settings
) -> tuple[Request, Readiness]:
    """Keep the rows to train on as a snapshot of their own, if there are enough.

    No row goes in whose label has not matured. A request that has its rows keeps them.
    """
    policy = read_policy(settings.policies / "alerts.toml").retrain
    store = SnapshotStore(settings)
    whole = store.find(snapshot_uri)
    frame = read_snapshot(whole.uri)
    moment = whole.as_of or request.moment(datetime.now(UTC))
    ready = assess_readiness(
        frame,
        contract,
        since=request.since,
        as_of=moment,
        min_matured=policy.min_matured,
    )
    get_run_logger().info(
        "rows: matured=%d bad=%d immature=%d chosen=%d",
        ready.n_matured,
        ready.n_bad,
        ready.n_immature,
        len(ready.rows),
    )
    if request.snapshot_uri or not ready.is_ready:
        return request, ready
    chosen = store.write(
        frame.iloc[ready.rows].reset_index(drop=True),
        contract,
        _lineage(request, whole, ready, moment),
    )
    return note_step(settings, request, snapshot_uri=chosen.uri), ready


@task(name="wait-for-labels", cache_policy=NO_CACHE)
def wait_for_labels(
    request: Request, ready: Readiness, settings: Settings
) -> dict[str, Any]:
    """Give the request back until enough labels have matured, and say so."""
    note = "too early: " + "; ".join(ready.reasons)
    postpone(settings, request, ready.look_again, note)
    _tell(settings, request, "open", f"{note}; next look {ready.look_again:%Y-%m-%d}")
    _show(request, "waits for labels", [*ready.reasons, f"next look {ready.look_again}"])
    return {
        "outcome": "waits",
        "reasons": list(ready.reasons),
        "look_again": ready.look_again.isoformat(),
    }


@task(name="note-version", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def note_version(request: Request, version: int, settings: Settings) -> Request:
    """Write down which version was made, so that no other is made for this request."""
    return note_step(settings, request, version=version)


@task(name="put-forward", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def put_forward(request: Request, settings: Settings) -> None:
    """Let the request's version be the challenger, whoever asked meanwhile."""
    registry = Registry(settings)
    asking = registry.with_alias(request.model_name, CHALLENGER)
    if asking is None or asking.version != request.version:
        registry.move_alias(request.model_name, CHALLENGER, request.version)


@task(name="conclude", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def conclude(
    request: Request, decision: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """Let the alerts know what the gate decided, then end the request.

    A version that became the champion resolves the alerts; a refused one opens them
    again with the reasons, and the champion stays.
    """
    version = f"version {request.version}"
    if decision["waits_for"]:
        note = f"{version} waits for {', '.join(decision['waits_for'])}"
        _tell(settings, request, "acknowledged", note)
        settle(settings, request, "signing", note)
        outcome = "signing"
    elif decision["is_champion"]:
        note = f"{version} is the champion"
        outcome = "promoted"
        _tell(settings, request, "resolved", note)
        settle(settings, request, "promoted", note)
    else:
        note = f"{version} was refused: {'; '.join(decision['failures'])}"
        outcome = "refused"
        _tell(settings, request, "open", note)
        settle(settings, request, "refused", note)
    _show(request, outcome, [note])
    return {"outcome": outcome, "version": request.version, "note": note}


def tell_alerts(settings: Settings, request: Request, state: State, note: str) -> None:
    """Change the state of a request's alerts that are not resolved."""
    _tell(settings, request, state, note)


def _tell(settings: Settings, request: Request, state: State, note: str) -> None:
    living = {
        one.alert_id
        for one in alerts(settings, model_name=request.model_name)
        if one.state != "resolved"
    }
    for alert_id in request.alert_ids:
        if alert_id in living:
            change_state(settings, alert_id, state, actor=ACTOR, note=note)


def _give_back(request: Request, fault: Exception, settings: Settings) -> None:
    note = f"try {request.n_tries} failed: {fault}"[:2000]
    try:
        postpone(settings, request, request.due_at, note, is_failure=True)
        _tell(settings, request, "open", note)
    except RegistryError:
        return  # another run holds it: its state is that run's to tell


def _lineage(
    request: Request, whole: Snapshot, ready: Readiness, moment: datetime
) -> dict[str, Any]:
    return {
        "source": whole.uri,
        "as_of": moment.isoformat(),
        "request": request.request_id,
        "since": request.since.isoformat(),
        "n_received": whole.n_rows,
        "n_accepted": len(ready.rows),
        "n_quarantined": 0,
    }


def _show(request: Request, outcome: str, lines: list[str]) -> None:
    told = ", ".join(map(str, request.alert_ids))
    text = [
        f"# Retraining of {request.model_name}: {outcome}",
        "",
        f"Request {request.request_id}, try {request.n_tries}, for alert {told}; the "
        f"world changed about {request.since:%Y-%m-%d}.",
        "",
        *(f"- {line}" for line in lines),
    ]
    key = f"{request.model_name.replace('_', '-')}-retraining"
    create_markdown_artifact("\n".join(text), key=key)
