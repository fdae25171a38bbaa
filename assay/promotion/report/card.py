"""The model card: what a version is for, what it reached and where it ends."""

from __future__ import annotations

from assay.pages import Document
from assay.promotion.report.checks import changes, limits
from assay.promotion.report.parts import Case
from assay.promotion.report.sections import (
    fairness,
    lineage,
    performance,
    purpose,
    slices,
)
from assay.promotion.report.validation import facts


def card_document(case: Case) -> Document:
    """Return the card of a version, made from the evidence and nothing else."""
    kept = case.decision.promote
    return Document(
        kind="Assay, model card",
        title=f"{case.contract.name}, version {case.version}",
        summary=(
            "The version keeps every rule of its gate."
            if kept
            else "The version does not keep its gate and must not be used."
        ),
        verdict="promote" if kept else "refuse",
        facts=facts(case),
        sections=(
            purpose(case),
            performance(case),
            slices(case),
            fairness(case),
            changes(case),
            lineage(case),
            limits(case),
        ),
    )
