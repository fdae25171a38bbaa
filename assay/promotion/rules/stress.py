"""Missing fields, values out of range, noise of one unit, and a recession."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from assay.contract import Contract
from assay.promotion.evidence import (
    PromotionEvidence,
    StressKind,
    StressResult,
    demanded_stress,
)
from assay.promotion.finding import Finding, absent, at_least, is_whole, judged, shown

Results: TypeAlias = Sequence[StressResult]

_REFUSALS: dict[StressKind, str] = {
    "missing_refused": "a field that must be there is missing",
    "out_of_range": "a field is beyond its bounds",
}
_CEILINGS: dict[StressKind, str] = {
    "missing_loss": "AUC lost when a field is missing",
    "noise": "decisions flipped when a field is off by one unit",
}


def stress_findings(contract: Contract, evidence: PromotionEvidence) -> Iterator[Finding]:
    """Judge every stress test that the contract asks for, a rule a kind."""
    gate, origin = contract.gates.stress, evidence.origin("stress")
    limits: dict[StressKind, float] = {
        "missing_loss": gate.missing_auc_loss,
        "noise": gate.flipped_share,
    }
    asked = demanded_stress(contract)
    for kind in (*_REFUSALS, *_CEILINGS):
        fields = [field for each, field in asked if each == kind]
        found = [result for result in evidence.stress if result.kind == kind]
        lacking = sorted(set(fields) - {result.field for result in found})
        if not fields:
            continue
        subject = f"stress, {_REFUSALS.get(kind) or _CEILINGS[kind]}"
        if lacking:
            yield absent(subject, f"must be tried on {', '.join(lacking)}")
        elif kind in _REFUSALS:
            yield _refusals(subject, found, origin)
        else:
            yield _worst(subject, found, limits[kind], origin)
    recessions = [result for result in evidence.stress if result.kind == "recession"]
    if not recessions:
        yield absent("stress, recession", f"must be at least {gate.recession_auc:g}")
    for result in recessions:
        subject = f"stress, AUC in a recession ({result.field})"
        yield at_least(subject, result.found, gate.recession_auc, origin)


def _refusals(subject: str, results: Results, origin: str) -> Finding:
    passed = [r.field for r in results if not 0 < r.n_tried <= r.n_refused]
    n_tried = sum(result.n_tried for result in results)
    n_refused = sum(result.n_refused for result in results)
    figures = f"{n_refused} of {n_tried} rows refused over {len(results)} fields"
    if passed:
        figures += f", not all with {', '.join(passed)}"
    return judged(not passed, subject, figures, "all must be refused", origin)


def _worst(subject: str, results: Results, limit: float, origin: str) -> Finding:
    demand = f"must be at most {limit:g}"
    measured = [(r.field, r.found) for r in results if r.found and is_whole(r.found)]
    if len(measured) < len(results):
        named = {field for field, _ in measured}
        without = [result.field for result in results if result.field not in named]
        return absent(subject, f"{demand}; not a number for {', '.join(without)}")
    above = [field for field, found in measured if not found.high <= limit]
    field, found = max(measured, key=lambda pair: pair[1].high)
    figures = f"worst {field} {shown(found)} of {len(measured)} fields"
    if above:
        figures += f", above the limit {', '.join(above)}"
    return judged(not above, subject, figures, demand, origin)
