"""What the contract's policy profile asks of the groups of protected fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from assay.contract import Contract
from assay.contract.gates import FairnessGate
from assay.promotion.evidence import (
    Alternative,
    Disparity,
    Measured,
    PromotionEvidence,
    Proxy,
)
from assay.promotion.finding import (
    Finding,
    absent,
    at_least,
    at_most,
    is_whole,
    judged,
    shown,
    unjudged,
)

Judge: TypeAlias = Callable[[str, Measured | None, float, str], Finding]


def fairness_findings(
    contract: Contract, evidence: PromotionEvidence
) -> Iterator[Finding]:
    """Judge disparities, proxies and alternatives of each protected field."""
    gate = contract.gates.fairness
    for field in contract.with_role("protected"):
        if field.dtype == "text":
            continue
        groups = [each for each in evidence.fairness if each.field == field.name]
        yield from _disparities(field.name, groups, gate, evidence.origin("fairness"))
        proxies = [each for each in evidence.proxies if each.field == field.name]
        yield from _proxies(field.name, proxies, gate, evidence.origin("proxies"))
        others = [each for each in evidence.alternatives if each.field == field.name]
        if gate.judges_approval:
            origin = evidence.origin("alternatives")
            yield _alternatives(field.name, others, gate, origin)


def _disparities(
    field: str, groups: Sequence[Disparity], gate: FairnessGate, origin: str
) -> Iterator[Finding]:
    if sum(group.n_rows >= gate.min_rows for group in groups) < 2:
        yield absent(
            f"fairness of {field}",
            f"must have two groups of at least {gate.min_rows} rows",
        )
    for group in groups:
        for name, attribute, is_judged, judge, limit in _measures(gate):
            subject = f"{name} of {field} = {group.group} against {group.reference}"
            found = getattr(group, attribute)
            if group.n_rows < gate.min_rows:
                reason = f"not judged, {group.n_rows} rows are too few"
                yield unjudged(subject, _figures(found), reason, origin)
            elif is_judged:
                yield judge(subject, found, limit, origin)
            else:
                reason = f"not judged under profile {gate.profile}"
                yield unjudged(subject, _figures(found), reason, origin)


def _measures(gate: FairnessGate) -> tuple[tuple[str, str, bool, Judge, float], ...]:
    """Return each measure: words, attribute, whether it is judged, how and by what."""
    errors = gate.judges_errors
    opportunity, odds = "equal opportunity difference", "equalised odds difference"
    return (
        (
            "approval ratio",
            "approval_ratio",
            gate.judges_approval,
            at_least,
            gate.approval_ratio,
        ),
        (opportunity, "equal_opportunity", errors, at_most, gate.equal_opportunity),
        (odds, "equalised_odds", errors, at_most, gate.equalised_odds),
    )


def _proxies(
    field: str, proxies: Sequence[Proxy], gate: FairnessGate, origin: str
) -> Iterator[Finding]:
    if not proxies:
        yield absent(f"proxies of {field}", "must be tried")
    for proxy in proxies:
        subject = f"AUC with which the inputs predict {field} = {proxy.group}"
        if gate.profile == "report":
            reason = "not judged under profile report"
            yield unjudged(subject, _figures(proxy.inputs_auc), reason, origin)
        else:
            yield at_most(subject, proxy.inputs_auc, gate.proxy_auc, origin)


def _alternatives(
    field: str, others: Sequence[Alternative], gate: FairnessGate, origin: str
) -> Finding:
    subject = f"less discriminatory alternatives for {field}"
    demand = (
        f"none may gain {gate.alternative_gain:g} in approval ratio at an extra cost of "
        f"at most {gate.alternative_cost:g}"
    )
    if not others:
        return absent(subject, demand)
    without = [
        other.change
        for other in others
        if not (is_whole(other.ratio_gain) and is_whole(other.extra_cost))
    ]
    if without:
        return absent(subject, f"{demand}; not a number for {', '.join(without)}")
    better = [
        f"{other.change} (ratio {shown(other.ratio_gain, '+')}, cost "
        f"{shown(other.extra_cost, '+')})"
        for other in others
        if other.ratio_gain.low >= gate.alternative_gain
        and other.extra_cost.high <= gate.alternative_cost
    ]
    figures = f"{len(better)} of {len(others)} tried are better"
    if better:
        figures += f": {', '.join(better)}"
    return judged(not better, subject, figures, demand, origin)


def _figures(found: Measured | None) -> str:
    return shown(found) if found is not None and is_whole(found) else "not defined"
