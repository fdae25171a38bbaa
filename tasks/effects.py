"""Tasks of causal questions: read, register the plan, estimate, publish the evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from assay.adapters.fan_out import fan_out
from assay.adapters.overrides import append_line, override_log, plan_log
from assay.adapters.sources.tables import read_table, select_rows
from assay.adapters.tracking import Evidence, LoggedRun, log_evidence
from assay.causal.certificate import Certificate, coverage_certificate
from assay.causal.plan import Plan
from assay.causal.report import Document, effect_document, html_report, markdown_report
from assay.causal.triangulation import Triangulation, triangulation_section
from assay.causal.withholding import Answer, Override, answer_question, override_answer
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass
from tasks.progress import progress_artifact
from tasks.receipts import Receipt
from tasks.rollouts import ROLLOUT, read_rollout


@dataclass(frozen=True, slots=True)
class Published:
    """Where the report of an effect is to be seen."""

    run: LoggedRun
    images: dict[str, str]


@task(name="read-rows", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def read_rows(source: str, rows: str, settings: Settings) -> pd.DataFrame:
    """Read the analyst's table, or one of our own rollouts from history and ledger.

    With retries, because it may be remote.
    """
    frame = (
        select_rows(read_rollout(source, settings, datetime.now(UTC)), rows)
        if source.startswith(ROLLOUT)
        else read_table(source, settings, rows)
    )
    get_run_logger().info("rows read: rows=%d columns=%d", *frame.shape)
    return frame


@task(name="register-plan", cache_policy=NO_CACHE)
def register_plan(plan: Plan, settings: Settings) -> None:
    """Write the plan down before anything is estimated."""
    append_line(plan_log(settings), {**plan.as_dict(), "plan_digest": plan.digest})
    get_run_logger().info(
        "plan registered: design=%s plan=%s thresholds=%s",
        plan.design,
        plan.digest[:12],
        plan.thresholds_digest[:12],
    )


@task(name="estimate-answer", cache_policy=NO_CACHE)
def estimate_answer(
    frame: pd.DataFrame, plan: Plan, override: Override | None, settings: Settings
) -> Answer:
    """Answer the plan; an override is logged before its number is shown."""
    if override is None:
        answer = answer_question(frame, plan)
    else:
        log = override_log(settings)
        answer = override_answer(
            frame, plan, override, lambda record: append_line(log, record)
        )
    get_run_logger().info(
        "question answered: design=%s verdict=%s shown=%s rows=%d",
        plan.design,
        answer.verdict,
        not answer.is_withheld,
        answer.n_rows,
    )
    return answer


@task(name="certify-coverage", cache_policy=NO_CACHE)
def certify_coverage(
    frame: pd.DataFrame, plan: Plan, n_copies: int, seed: int, settings: Settings
) -> Certificate:
    """Count how often the interval covers a planted effect; progress is shown."""
    tell = progress_artifact(f"Coverage of {plan.design}")
    with fan_out(settings.fan_out) as runner:
        certificate = coverage_certificate(
            frame,
            plan,
            n_copies=n_copies,
            seed=seed,
            runner=runner,
            tell=lambda share: tell("copies", share),
        )
        get_run_logger().info(
            "coverage certified: copies=%d covered=%d workers=%d",
            n_copies,
            certificate.n_covered,
            runner.n_workers,
        )
    return certificate


@task(
    name="publish-effect", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def publish_effect(
    answer: Answer,
    others: Triangulation | None,
    certificate: Certificate | None,
    source: str,
    receipt: Receipt | None,
    settings: Settings,
) -> Published:
    """Keep the report in MLflow and show it on the flow run, withheld or not."""
    extra = [receipt.section()] if receipt else []
    extra += [triangulation_section(others)] if others else []
    extra += [certificate.section()] if certificate else []
    document = effect_document(answer, source=source, extra=tuple(extra))
    pictures = {
        one.name: one.content for part in document.sections for one in part.pictures
    }
    logged = log_evidence(
        settings,
        "causal-effects",
        f"{answer.plan.design}-{answer.plan.digest[:12]}",
        _evidence(answer, document, pictures, receipt),
    )
    images = {
        name: f"{settings.mlflow_tracking}/get-artifact?path=plots/{name}.png"
        f"&run_uuid={logged.run_id}"
        for name in pictures
    }
    _show(answer, document, images, logged)
    return Published(logged, images)


def _evidence(
    answer: Answer,
    document: Document,
    pictures: dict[str, bytes],
    receipt: Receipt | None,
) -> Evidence:
    figures = dict(answer.diagnostics)
    if answer.shown:
        one = answer.shown.estimate
        figures |= {
            "estimate": one.value,
            "standard_error": one.standard_error,
            "interval_low": one.interval[0],
            "interval_high": one.interval[1],
            "naive": answer.shown.naive,
        }
    told = json.dumps(answer.as_dict(), sort_keys=True, indent=1, default=str)
    return Evidence(
        parameters={
            "question": answer.plan.question,
            "design": answer.plan.design,
            "outcome": answer.plan.outcome,
            "plan_digest": answer.plan.digest,
            "data_digest": answer.data_digest,
        },
        metrics={n: v for n, v in figures.items() if v == v and abs(v) < float("inf")},
        files={
            "report.html": html_report(document).encode(),
            "report.md": markdown_report(document).encode(),
            "answer.json": told.encode(),
            **{f"plots/{name}.png": content for name, content in pictures.items()},
        },
        tags={
            "assay.verdict": answer.verdict,
            "assay.withheld": str(answer.is_withheld).lower(),
            **(receipt.tags() if receipt else {}),
        },
    )


def _show(
    answer: Answer, document: Document, images: dict[str, str], logged: LoggedRun
) -> None:
    key = f"effect-{answer.plan.design.replace('_', '-')}"
    create_markdown_artifact(
        markdown_report(document, images), key=key, description=document.summary
    )
    create_table_artifact(
        [
            {
                "assumption": one.name,
                "state": one.state,
                "finding": one.finding,
                "advice": one.advice,
            }
            for one in answer.assumptions
        ],
        key=f"{key}-assumptions",
        description="What the number rests on, and what the data say about it.",
    )
    for name, url in images.items():
        create_image_artifact(
            url, key=f"{key}-{name.replace('_', '-')}", description=name
        )
    create_link_artifact(
        f"{logged.url}/artifacts/report.html", link_text="Report", key=f"{key}-report"
    )
