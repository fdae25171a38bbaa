"""Tasks of reconciliation: what no event started, what people decided, what waits."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from assay.adapters.alerts import (
    NewAlert,
    Request,
    RetrainPolicy,
    alerts,
    give_up,
    queue_alert,
    raise_alert,
    read_policy,
    requests,
    settle,
)
from assay.adapters.champions.signoffs import signoff_cases
from assay.settings import Settings
from assay.signoff.case import SignoffCase
from tasks.faults import RETRIES, may_pass
from tasks.retrain import tell_alerts

DEPLOYMENT = "retrain-on-alert/on-demand"
MEASURE = "retraining"
ACTOR = "reconcile-alerts"


@task(
    name="follow-signoffs", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def follow_signoffs(settings: Settings) -> dict[int, str]:
    """End the requests whose version people have decided on; return how, by request."""
    ended = {}
    for request in requests(settings, only_open=True):
        case = _case_of(request, settings)
        if request.state != "signing" or case is None or case.outcome == "open":
            continue
        version, reasons = f"version {request.version}", "; ".join(case.reasons)
        if case.outcome == "promoted":
            tell_alerts(settings, request, "resolved", f"{version} is the champion")
            settle(settings, request, "promoted", reasons, from_state="signing")
        else:
            note = f"{version} was not signed for ({case.outcome}): {reasons}"
            tell_alerts(settings, request, "open", note)
            settle(settings, request, "refused", note, from_state="signing")
        ended[request.request_id] = str(case.outcome)
    get_run_logger().info("signoffs followed: ended=%d", len(ended))
    return ended


@task(
    name="escalate-requests",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def escalate_requests(settings: Settings) -> list[int]:
    """Tell people of requests that wait too long or whose runs die; return which."""
    policy = read_policy(settings.policies / "alerts.toml").retrain
    now, told = datetime.now(UTC), []
    for request in requests(settings, only_open=True):
        found = _trouble(request, policy, now)
        if found is None:
            continue
        subject, summary = found
        if subject == "failed" and not give_up(settings, request, summary):
            continue  # a run of it lives after all
        if subject == "failed":
            tell_alerts(settings, request, "open", summary)
        _raise(request, subject, summary, settings)
        told.append(request.request_id)
    get_run_logger().info("requests escalated: n=%d", len(told))
    return told


@task(
    name="start-requests", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
async def start_requests(settings: Settings) -> dict[int, str]:
    """Start a run for each request that is due and held by nobody; return which runs.

    The key lets a second call find the run of the first. A run that ended and left its
    request as it was gets another one.
    """
    started = {}
    for request in requests(settings, only_open=True):
        if request.is_startable(datetime.now(UTC)):
            await _bury(request)
            run = await _started(request)
            started[request.request_id] = str(run.id)
    get_run_logger().info("requests started: n=%d", len(started))
    return started


@task(
    name="publish-requests",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def publish_requests(settings: Settings) -> None:
    """Show every request that has not ended."""
    rows = [
        {
            "request": one.request_id,
            "model": one.model_name,
            "state": one.state,
            "alerts": ", ".join(map(str, one.alert_ids)),
            "asked": f"{one.asked_at:%Y-%m-%d %H:%M}",
            "due": f"{one.due_at:%Y-%m-%d %H:%M}",
            "tries": one.n_tries,
            "note": one.note,
        }
        for one in requests(settings, only_open=True)
    ]
    create_table_artifact(
        rows, key="retraining-requests", description="Retrainings that have not ended."
    )


async def _bury(request: Request) -> None:
    """Let the dead run that held a request be crashed, so that it keeps no pool's place.

    Prefect does not see that a killed process is gone: its run stays running, and counts
    against the limit of its pool until nothing starts there any more.
    """
    try:
        run_id = UUID(request.holder)
    except ValueError:
        return  # nobody held it yet, or outside Prefect
    async with get_client() as client:
        with suppress(ObjectNotFound):
            run = await client.read_flow_run(run_id)
            if run.state is None or not run.state.is_final():
                died = f"it let request {request.request_id} go: its process is gone"
                await client.set_flow_run_state(run_id, Crashed(message=died), force=True)


async def _started(request: Request) -> FlowRun:
    attempt = 0
    while True:
        run = await arun_deployment(
            DEPLOYMENT,
            parameters={"alert_id": request.alert_ids[0]},
            timeout=0,
            as_subflow=False,
            idempotency_key=f"assay-retraining-{request.request_id}-{request.n_tries}"
            f"-{attempt}",
        )
        if run.state is None or not run.state.is_final():
            return run
        attempt += 1


def _trouble(
    request: Request, policy: RetrainPolicy, now: datetime
) -> tuple[str, str] | None:
    """Return what is wrong with a request, as subject and sentence."""
    number, name = request.request_id, request.model_name
    if request.n_failures >= policy.most_failures and request.is_startable(now):
        return "failed", (
            f"retraining of {name} was given up after {request.n_failures} runs that "
            f"ended in nothing (request {number}): {request.note or 'no message'}"
        )
    waited = request.moment(now) - request.asked_at
    if request.state == "asked" and waited > timedelta(days=policy.escalate_days):
        return "overdue", (
            f"retraining of {name} waits for {waited.days} days (request {number}): "
            f"{request.note or 'nobody started it'}"
        )
    return None


def _raise(request: Request, subject: str, summary: str, settings: Settings) -> None:
    asking = [
        one
        for one in alerts(settings, model_name=request.model_name)
        if one.alert_id in request.alert_ids
    ]
    new = NewAlert(
        model_name=request.model_name,
        measure=MEASURE,
        subject=subject,
        severity="critical",
        owner=asking[0].owner,
        summary=summary,
        evidence={"request_id": request.request_id, "n_tries": request.n_tries},
    )
    alert, is_new = raise_alert(settings, new, actor=ACTOR)
    if is_new:
        queue_alert(settings, alert, read_policy(settings.policies / "alerts.toml"))


def _case_of(request: Request, settings: Settings) -> SignoffCase | None:
    cases = signoff_cases(settings, request.model_name)
    of_version = [c for c in cases if c.request.version == request.version]
    return of_version[-1] if of_version else None
