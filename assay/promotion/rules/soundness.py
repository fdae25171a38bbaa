"""Leakage, parity of graph and trainer, budget of the service, reproducibility."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from assay.contract import Contract
from assay.contract.gates import ServiceGate
from assay.contract.mark import SHOWN_DIGITS
from assay.promotion.evidence import PromotionEvidence
from assay.promotion.finding import Finding, absent, at_most, is_whole, judged, shown

_DIGEST = re.compile(r"[0-9a-f]{64}")


def soundness_findings(
    contract: Contract, evidence: PromotionEvidence
) -> Iterator[Finding]:
    """Judge whether the version is what it says and can be served."""
    gates = contract.gates
    yield _shuffled(gates.leakage.shuffled_errors, evidence)
    yield _alone(contract, evidence)
    yield _parity(gates.service.parity, evidence)
    yield from _service(gates.service, evidence)
    yield _reproduction(evidence)


def _shuffled(limit: float, evidence: PromotionEvidence) -> Finding:
    subject = "leakage, AUC after training on shuffled labels"
    demand = f"must be within {limit:g} standard errors of 0.5"
    found = evidence.shuffled
    if found is None or found.n_fits < 1 or not math.isfinite(found.auc):
        return absent(subject, demand)
    if not 0 < found.standard_error < math.inf:
        return absent(subject, f"{demand}; its standard error is no positive number")
    distance = abs(found.auc - 0.5) / found.standard_error
    figures = f"{found.auc:.4f}, {distance:.2f} standard errors off, {found.n_fits} fits"
    origin = evidence.origin("leakage")
    return judged(distance <= limit, subject, figures, demand, origin)


def _alone(contract: Contract, evidence: PromotionEvidence) -> Finding:
    limit = contract.gates.leakage.feature_auc
    subject = "leakage, AUC of one feature alone"
    demand = f"must be at most {limit:g}"
    found = {
        field.name: evidence.feature_aucs.get(field.name) for field in contract.features
    }
    whole = {n: auc for n, auc in found.items() if auc is not None and is_whole(auc)}
    if len(whole) < len(found):
        without = ", ".join(name for name in found if name not in whole)
        return absent(subject, f"{demand}; not known for {without}")
    too_well = [name for name, auc in whole.items() if not auc.high <= limit]
    best = max(whole, key=lambda name: whole[name].high)
    figures = f"highest {best} {shown(whole[best])}"
    if too_well:
        figures += f", too well: {', '.join(too_well)}"
    return judged(not too_well, subject, figures, demand, evidence.origin("leakage"))


def _parity(limit: float, evidence: PromotionEvidence) -> Finding:
    subject = "graph against trainer, largest difference in probability"
    demand = f"must be at most {limit:g}"
    found = evidence.parity
    if found is None or found.n_rows < 1 or not found.largest_difference >= 0:
        return absent(subject, demand)
    figures = f"{found.largest_difference:.1e} on {found.n_rows} rows"
    kept = found.largest_difference <= limit
    return judged(kept, subject, figures, demand, evidence.origin("parity"))


def _service(gate: ServiceGate, evidence: PromotionEvidence) -> Iterator[Finding]:
    found, origin = evidence.service, evidence.origin("service")
    latency = found.latency_ms if found else None
    subject = "99th percentile of the processor time of a row, ms"
    yield at_most(subject, latency, gate.latency_ms, origin)
    subject, demand = "size of the graph", f"must be at most {gate.size_mb:g} MB"
    if found is None or found.size_bytes < 1:
        yield absent(subject, demand)
    else:
        kept = found.size_bytes <= gate.size_mb * 1e6
        yield judged(kept, subject, f"{found.size_bytes} bytes", demand, origin)


def _reproduction(evidence: PromotionEvidence) -> Finding:
    subject, demand = "a second fit", "must give the same digest"
    found = evidence.reproduction
    if found is None or not _DIGEST.fullmatch(found.registered):
        return absent(subject, demand)
    figures = (
        f"{found.again[:SHOWN_DIGITS] or 'nothing'} for {found.registered[:SHOWN_DIGITS]}"
    )
    kept = found.again == found.registered
    return judged(kept, subject, figures, demand, evidence.origin("reproduction"))
