"""Every declared slice, and each month of the holdout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.contract import Contract
from assay.contract.gates import SliceGate
from assay.promotion.evidence import Group, PromotionEvidence, sliced_fields
from assay.promotion.finding import Finding, absent, at_least, shown, unjudged


def group_findings(contract: Contract, evidence: PromotionEvidence) -> Iterator[Finding]:
    """Judge the AUC of each group and month that is large enough."""
    gate, origin = contract.gates.slices, evidence.origin("slices")
    for field in sliced_fields(contract):
        groups = [group for group in evidence.slices if group.field == field.name]
        yield from _of_one(f"slice {field.name}", groups, gate, origin)
    if contract.event_time is not None:
        yield from _of_one("month", evidence.months, gate, evidence.origin("months"))


def _of_one(
    subject: str, groups: Sequence[Group], gate: SliceGate, origin: str
) -> Iterator[Finding]:
    enough = [group for group in groups if _is_enough(group, gate)]
    demand = (
        f"must have a group of at least {gate.min_rows} rows and "
        f"{gate.min_positives} bad outcomes"
    )
    if not enough:
        yield absent(subject, demand)
    for group in groups:
        named = f"{subject} = {group.name}, AUC of {group.n_rows} rows"
        if group in enough:
            yield at_least(named, group.auc, gate.auc, origin)
        else:
            figures = shown(group.auc) if group.auc else "not defined"
            reason = f"not judged, with {group.n_positives} bad outcomes it is too small"
            yield unjudged(named, figures, reason, origin)


def _is_enough(group: Group, gate: SliceGate) -> bool:
    return group.n_rows >= gate.min_rows and group.n_positives >= gate.min_positives
