"""What has to be told of a window: who moved, how urgent, with the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np

from assay.contract import Contract
from assay.evaluation.interval import Interval
from assay.monitoring.alarms import Alarm
from assay.monitoring.distances import ColumnDrift
from assay.monitoring.profile import SCORE

Severity: TypeAlias = Literal["warning", "critical"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told: what moved, where, how urgent, and the figures."""

    measure: str
    subject: str
    severity: Severity
    summary: str
    evidence: Mapping[str, Any]


def drift_notices(
    drifts: Sequence[ColumnDrift],
    alarms: Sequence[Alarm],
    contract: Contract,
    start: datetime | None = None,
) -> list[Notice]:
    """Return what has to be told of columns that moved.

    Parameters
    ----------
    drifts, alarms : sequence
        Each column, and the decision about it, in the same order.
    contract : Contract
        Its limits say what is critical: twice as far, or the score.
    start : datetime, optional
        First moment of the window.
    """
    found = []
    for drift, alarm in zip(drifts, alarms, strict=True):
        if not alarm.is_raised:
            continue
        is_score = drift.name == SCORE
        twice = alarm.psi >= 2 * contract.limits.psi or alarm.ks >= 2 * contract.limits.ks
        found.append(
            Notice(
                "prediction_drift" if is_score else "data_drift",
                drift.name,
                "critical" if twice or is_score else "warning",
                f"{drift.name} moved: PSI {alarm.psi:.3f}"
                + ("" if np.isnan(alarm.ks) else f", KS {alarm.ks:.3f}"),
                {
                    "psi": round(alarm.psi, 6),
                    "psi_without_drift": round(alarm.psi_null, 6),
                    "ks": None if np.isnan(alarm.ks) else round(alarm.ks, 6),
                    "p_value": alarm.p_value,
                    "band": alarm.band,
                    "missing_before": round(drift.missing_before, 6),
                    "missing_now": round(drift.missing_now, 6),
                    "n_rows": drift.n_current,
                    "since": start.isoformat() if start else None,
                },
            )
        )
    return found


def refusal_notices(outside: Interval, contract: Contract) -> list[Notice]:
    """Return what has to be told of rows outside the contract.

    Parameters
    ----------
    outside : Interval
        Their share.
    contract : Contract
        Its limit is compared with the lower end.
    """
    limit = contract.limits.out_of_contract_share
    if not outside.low > limit:
        return []
    told = f"{outside.value:.1%} of the rows are outside the contract, limit {limit:.1%}"
    evidence = {"share": outside.value, "low": outside.low, "high": outside.high}
    return [Notice("out_of_contract", "rows", "critical", told, evidence)]
