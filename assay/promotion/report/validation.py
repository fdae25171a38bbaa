"""The validation report: all that the gate read and decided, for the second person."""

from __future__ import annotations

from assay.pages import Document
from assay.promotion.report.checks import changes, limits, rules, soundness, stress
from assay.promotion.report.parts import Case, short
from assay.promotion.report.sections import (
    fairness,
    lineage,
    performance,
    purpose,
    slices,
)


def validation_document(case: Case) -> Document:
    """Return the report on a challenger, made from the evidence and nothing else."""
    decision = case.decision
    if decision.promote:
        summary = f"The gate is kept: all {len(decision.passes)} rules."
    else:
        first = "; ".join(decision.failures[:3]) or "no rule was judged"
        more = len(decision.failures) - 3
        summary = f"Refused: {first}{f'; and {more} more' if more > 0 else ''}."
    return Document(
        kind="Assay, validation report",
        title=f"{case.contract.name}, version {case.version}",
        summary=summary,
        verdict="promote" if decision.promote else "refuse",
        facts=facts(case),
        sections=(
            rules(case),
            purpose(case),
            lineage(case),
            changes(case),
            performance(case),
            slices(case),
            fairness(case),
            stress(case),
            soundness(case),
            limits(case),
        ),
    )


def facts(case: Case) -> tuple[tuple[str, str], ...]:
    """Return what a reader looks for first."""
    champion = f"version {case.champion_version}" if case.champion else "none yet"
    return (
        ("champion", champion),
        ("rules failed", f"{len(case.decision.failures)}"),
        ("rules kept", f"{len(case.decision.passes)}"),
        ("bundle", short(case.challenger.digest)),
        ("evidence", short(case.evidence_digest)),
    )
