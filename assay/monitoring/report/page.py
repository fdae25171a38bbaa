"""A window's findings as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.contract import Contract
from assay.monitoring.alarms import Alarm
from assay.monitoring.distances import ClassifierDrift, ColumnDrift
from assay.monitoring.notices import Notice
from assay.monitoring.watch import Watched


def watch_page(watched: Watched, contract: Contract) -> str:
    """Return the page: what to do first, then the estimate, then every column.

    Parameters
    ----------
    watched : Watched
        The window.
    contract : Contract
        Names, limits and units.
    """
    return (
        f"# {contract.name}: {_headline(watched.notices)}\n\n"
        f"{_notices(watched.notices)}\n"
        f"## Performance before labels\n\n{_estimate(watched, contract)}\n"
        f"## Labels that matured lately\n\n{_concept(watched)}\n"
        f"## Columns\n\nOutside the contract: {watched.outside.value:.2%} of the rows "
        f"(limit {contract.limits.out_of_contract_share:.2%}).\n\n"
        f"{_apart(watched.told_apart)}{_columns(watched.drifts, watched.alarms)}"
    )


def drift_page(
    drifts: Sequence[ColumnDrift],
    alarms: Sequence[Alarm],
    notices: Sequence[Notice],
    contract: Contract,
    rows: str,
) -> str:
    """Return the page of a window that only its columns are known of.

    Parameters
    ----------
    drifts, alarms : sequence
        Each column, and the decision about it, in the same order.
    notices : sequence of Notice
        What has to be told.
    contract : Contract
        Its name.
    rows : str
        Which rows were compared, as a sentence.
    """
    return (
        f"# {contract.name}: {_headline(notices)}\n\n{_notices(notices)}\n{rows}\n\n"
        f"## Columns\n\n{_columns(drifts, alarms)}"
    )


def _headline(notices: Sequence[Notice]) -> str:
    n_notices = len(notices)
    if not n_notices:
        return "nothing moved that matters"
    return "one alarm" if n_notices == 1 else f"{n_notices} alarms"


def _notices(notices: Sequence[Notice]) -> str:
    return "".join(
        f"- **{one.severity}** {one.measure.replace('_', ' ')}: {one.summary}\n"
        for one in notices
    )


def _estimate(watched: Watched, contract: Contract) -> str:
    estimate = watched.estimate
    if not estimate.can_tell:
        return "Cannot tell:\n\n" + "".join(f"- {one}\n" for one in estimate.reasons)
    lines = [
        f"| {name.replace('_', ' ')} | {found.value:.4f} | {found.low:.4f} | "
        f"{found.high:.4f} |"
        for name, found in estimate.metrics.items()
    ]
    level = next(iter(estimate.metrics.values())).level
    return (
        f"Intervals at {level:.0%}; cost in {contract.decision.costs.unit}.\n\n"
        "| | estimate | low | high |\n|---|---:|---:|---:|\n" + "\n".join(lines) + "\n"
    )


def _concept(watched: Watched) -> str:
    concept = watched.concept
    if concept.is_alarm:
        return (
            f"They are {concept.direction} than the probabilities say, from row "
            f"{concept.position:,} on at the latest.\n"
        )
    if np.isneginf(concept.evidence):
        return "None: nothing is known yet.\n"
    return "They follow the probabilities.\n"


def _apart(found: ClassifierDrift | None) -> str:
    if found is None:
        return ""
    return (
        "Trees tell these rows from those of the reference with an AUC of "
        f"{found.auc:.3f} (0.5 where both are alike; p {found.p_value:.2g}).\n\n"
    )


def _columns(drifts: Sequence[ColumnDrift], alarms: Sequence[Alarm]) -> str:
    header = (
        "| column | alarm | PSI | by chance | band | KS | missing | before |\n"
        "|---|---|---:|---:|---|---:|---:|---:|\n"
    )
    pairs = sorted(
        zip(drifts, alarms, strict=True),
        key=lambda pair: (not pair[1].is_raised, -np.nan_to_num(pair[1].psi)),
    )
    return header + "".join(
        f"| {drift.name} | {_verdict(alarm.is_raised, alarm.is_significant)} | "
        f"{alarm.psi:.4f} | {alarm.psi_null:.4f} | {alarm.band} | "
        f"{'' if np.isnan(alarm.ks) else f'{alarm.ks:.4f}'} | "
        f"{drift.missing_now:.2%} | {drift.missing_before:.2%} |\n"
        for drift, alarm in pairs
    )


def _verdict(is_raised: bool, is_significant: bool) -> str:
    if is_raised:
        return "**yes**"
    return "moved, below the limit" if is_significant else ""
