"""Floors, margins over the champion, calibration, cost and the shift of scores."""

from __future__ import annotations

from collections.abc import Iterator

from assay.contract.model import HIGHER_IS_BETTER, Contract, Metric
from assay.promotion.evidence import Measured, PromotionEvidence
from assay.promotion.finding import (
    Finding,
    absent,
    at_least,
    at_most,
    between,
    is_whole,
    judged,
    shown,
)


def performance_findings(
    contract: Contract, evidence: PromotionEvidence
) -> Iterator[Finding]:
    """Judge what the challenger reached, alone and against a champion."""
    origin = evidence.origin("metrics")
    for metric, floor in contract.gates.floors.items():
        judge = at_least if HIGHER_IS_BETTER[metric] else at_most
        yield judge(metric, evidence.metrics.get(metric), floor, origin)
    gate = contract.gates.calibration
    slope = evidence.metrics.get("calibration_slope")
    bounds = (gate.slope_minimum, gate.slope_maximum)
    yield between("calibration slope", slope, *bounds, origin)
    intercept = evidence.metrics.get("calibration_intercept")
    reach = gate.intercept_reach
    yield between("calibration intercept", intercept, -reach, reach, origin)
    unit = contract.decision.costs.unit
    subject = f"cost saved against the better constant decision, {unit}"
    yield at_least(subject, evidence.cost_saved, 0.0, origin)
    if evidence.has_champion:
        yield from _against_champion(contract, evidence)


def _against_champion(
    contract: Contract, evidence: PromotionEvidence
) -> Iterator[Finding]:
    origin = evidence.origin("improvements")
    for metric, margin in contract.gates.margins.items():
        found = evidence.improvements.get(metric)
        yield _margin(metric, "", margin, found, origin)
        if metric == "auc":
            checked = evidence.auc_gain_delong
            yield _margin(metric, " by DeLong's interval", margin, checked, origin)
    yield at_most(
        "scores against the champion's, PSI",
        evidence.score_shift,
        contract.gates.service.score_psi,
        evidence.origin("score_shift"),
    )


def _margin(
    metric: Metric, method: str, margin: float, found: Measured | None, origin: str
) -> Finding:
    subject = f"{metric} against the champion{method}"
    demand = (
        f"may lose at most {-margin:g}"
        if margin < 0
        else f"must gain at least {margin:g}"
    )
    if found is None or not is_whole(found):
        return absent(subject, demand)
    worst_gain = found.low if HIGHER_IS_BETTER[metric] else -found.high
    return judged(worst_gain >= margin, subject, shown(found, "+"), demand, origin)
