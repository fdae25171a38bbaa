"""A causal question: registered, answered or withheld, and shown with its grounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect import flow

from assay.causal.plan import Plan
from assay.causal.triangulation import triangulate
from assay.causal.withholding import Answer, Override
from assay.errors import ConfigError, DataError
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
from tasks.receipts import Receipt, find_receipt, record_receipt


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
    is withheld everywhere, unless someone overrides with a written reason. Of a rollout
    of our own the report says what was registered when it began, and every departure.
    """
    settings = Settings()
    asked = question or f"What did the treatment do to {outcome}?"
    plans = [
        Plan(question=asked, design=name, outcome=outcome, options=chosen, unit=unit)
        for name, chosen in _all_options(design, options, others).items()
    ]
    override = _override(override_reason, override_by)
    receipt = find_receipt(plans[0], source, rows, settings)
    frame = read_rows(source, rows, settings)
    for plan in plans:
        register_plan(plan, settings)
    answers = _answers(frame, plans, override, receipt, settings)
    certificate = (
        certify_coverage(frame, plans[0], certificate_copies, seed, settings)
        if certificate_copies and not answers[0].is_withheld
        else None
    )
    told = f"{source}, rows where {rows}" if rows else source
    together = triangulate(answers) if len(answers) > 1 else None
    published = publish_effect(answers[0], together, certificate, told, receipt, settings)
    of_plan = receipt.as_dict() if receipt else {}
    return {**answers[0].as_dict(), "url": published.run.url, **of_plan}


def _answers(
    frame: pd.DataFrame,
    plans: Sequence[Plan],
    override: Override | None,
    receipt: Receipt | None,
    settings: Settings,
) -> list[Answer]:
    """Answer every plan; a look at a registered rollout is recorded, refused or not."""
    try:
        answers = [
            estimate_answer(frame, plan, None if place else override, settings)
            for place, plan in enumerate(plans)
        ]
    except DataError as error:
        if receipt:
            record_receipt(receipt, "refused", str(error), None, settings)
        raise
    if receipt:
        record_receipt(receipt, answers[0].verdict, "", answers[0], settings)
    return answers


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
