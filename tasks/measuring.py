"""Tasks that start what rollouts promised to measure, once each, when it is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound

from assay.adapters.champions.effect_plans import (
    Look,
    Registered,
    record_look,
    registered_rollouts,
)
from assay.adapters.tracking import Registry
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

DEPLOYMENT = "estimate-effect/on-demand"
MOST_RUNS = 3


@task(
    name="start-estimates", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
async def start_estimates(settings: Settings) -> dict[str, str]:
    """Start a run for each plan that is due and has no answer; return which runs.

    The key lets a second call find the run of the first. A run that ended without an
    answer gets another one, three in all.
    """
    started = {}
    now = datetime.now(UTC)
    for registered, outcome in promised(settings):
        if now < registered.registration.due_at:
            continue
        answer = registered.answer_of(outcome)
        if answer is not None and not await _is_lost(answer):
            continue
        run = await _started(registered, outcome)
        if run is None:
            _give_up(registered, outcome, settings)
        else:
            started[label(registered, outcome)] = str(run.id)
    get_run_logger().info("estimates started: n=%d", len(started))
    return started


@task(
    name="publish-receipts", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def publish_receipts(settings: Settings) -> dict[str, str]:
    """Show every registered plan with its digest, and return what became of each."""
    rows, states = [], {}
    for registered, outcome in promised(settings):
        state = state_of(registered, outcome, datetime.now(UTC))
        states[label(registered, outcome)] = state
        rows.append(
            {
                "model": registered.model_name,
                "rollout": registered.sequence,
                "outcome": outcome,
                "registered": f"{registered.at:%Y-%m-%d %H:%M}",
                "due": f"{registered.registration.due_at:%Y-%m-%d}",
                "state": state,
                "other looks": sum(
                    bool(look.departures) and look.outcome == outcome
                    for look in registered.looks
                ),
                "digest": registered.digest[:12],
            }
        )
    create_table_artifact(
        rows or [{"model": "all", "state": "no rollout has registered a plan yet"}],
        key="rollout-receipts",
        description="What rollouts promised to measure, and what became of it.",
    )
    return states


def promised(settings: Settings) -> Iterator[tuple[Registered, str]]:
    """Give each registration with each of its outcomes."""
    for name in sorted(Registry(settings).model_names()):
        for registered in registered_rollouts(settings, name):
            for outcome in sorted(registered.registration.plans):
                yield registered, outcome


def state_of(registered: Registered, outcome: str, now: datetime) -> str:
    """Return the answer's verdict, or that it waits."""
    answer = registered.answer_of(outcome)
    if answer is not None:
        return answer.verdict
    return "waits for labels" if now < registered.registration.due_at else "due"


def label(registered: Registered, outcome: str) -> str:
    """Return how a plan is called where people read it."""
    return f"{registered.model_name}#{registered.sequence} {outcome}"


async def _is_lost(answer: Look) -> bool:
    """Tell whether the run of an answer died before it showed a report."""
    if answer.verdict in ("refused", "given up") or not answer.run:
        return False
    async with get_client() as client:
        try:
            run = await client.read_flow_run(UUID(answer.run))
        except ObjectNotFound:  # Prefect forgot it; the chain did not
            return False
    state = run.state
    return state is not None and state.is_final() and not state.is_completed()


async def _started(registered: Registered, outcome: str) -> FlowRun | None:
    """Return the run that will answer, None where as many as may be have ended."""
    registration = registered.registration
    plan = registration.plans[outcome]
    for attempt in range(MOST_RUNS):
        run = await arun_deployment(
            DEPLOYMENT,
            parameters={
                "source": registration.source,
                "rows": registration.rows,
                "question": plan["question"],
                "design": plan["design"],
                "outcome": outcome,
                "unit": plan["unit"],
                "options": plan["options"],
            },
            timeout=0,
            as_subflow=False,
            idempotency_key=f"assay-effect-{registered.digest}-{outcome}-{attempt}",
        )
        if run.state is None or not run.state.is_final():
            return run
    return None


def _give_up(registered: Registered, outcome: str, settings: Settings) -> None:
    note = f"{MOST_RUNS} runs ended without an answer"
    look = Look(datetime.now(UTC), outcome, "given up", (), (), "", note)
    record_look(settings, registered, look)
    get_run_logger().error("plan=%s note=%s", label(registered, outcome), note)
