"""A causal question: registered, answered or withheld, and shown with its grounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from prefect import flow

from assay.causal.plan import Plan
from assay.causal.triangulation import triangulate
from assay.causal.withholding import Override
from assay.errors import ConfigError
from assay.settings import Settings
from flows.client import one_client
from flows.effect_options import Options, Seed
from flows.effect_parameters import (
    CertificateCopies,
    Design,
    DesignName,
    DesignOptions,
    OtherDesigns,
    Outcome,
    OutcomeUnit,
    OverrideBy,
    OverrideReason,
    Question,
    Rows,
    Source,
    options_for,
)
from tasks.effects import (
    certify_coverage,
    estimate_answer,
    publish_effect,
    read_rows,
    register_plan,
)


@flow(name="estimate-effect")
@one_client
async def estimate_effect(
    source: Source,
    design: Design,
    outcome: Outcome,
    options: DesignOptions,
    question: Question = "",
    unit: OutcomeUnit = "",
    rows: Rows = "",
    others: OtherDesigns = None,
    certificate_copies: CertificateCopies = 0,
    seed: Seed = 0,
    override_reason: OverrideReason = "",
    override_by: OverrideBy = "",
) -> dict[str, Any]:
    """Answer a question about an effect and return the verdict and where the report is.

    The plan is written down before the estimate. A number whose assumptions are broken
    is withheld everywhere, unless someone overrides with a written reason.
    """
    settings = Settings()
    asked = question or f"What did the treatment do to {outcome}?"
    plans = [
        Plan(question=asked, design=name, outcome=outcome, options=chosen, unit=unit)
        for name, chosen in _all_options(design, options, others).items()
    ]
    override = _override(override_reason, override_by)
    frame = read_rows(source, rows, settings)
    for plan in plans:
        register_plan(plan, settings)
    answers = [
        estimate_answer(frame, plan, None if place else override, settings)
        for place, plan in enumerate(plans)
    ]
    certificate = (
        certify_coverage(frame, plans[0], certificate_copies, seed, settings)
        if certificate_copies and not answers[0].is_withheld
        else None
    )
    told = f"{source}, rows where {rows}" if rows else source
    together = triangulate(answers) if len(answers) > 1 else None
    published = publish_effect(answers[0], together, certificate, told, settings)
    return {**answers[0].as_dict(), "url": published.run.url}


def _all_options(
    design: str, options: Options, others: dict[DesignName, dict[str, Any]] | None
) -> dict[str, dict[str, Any]]:
    found = {design: options_for(design, options)}
    for name, chosen in (others or {}).items():
        if name == design:
            raise ConfigError(f"design {name!r} is asked for twice; once is enough")
        found[name] = dict(chosen)
    return found


def _override(reason: str, who: str) -> Override | None:
    if not reason and not who:
        return None
    return Override(reason=reason, who=who, when=datetime.now(UTC))
