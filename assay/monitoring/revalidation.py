"""A champion held against its contract's floors again, on labels that matured since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract
from assay.contract.model import HIGHER_IS_BETTER
from assay.evaluation import evaluate
from assay.evaluation.interval import Interval
from assay.monitoring.notices import Notice

Floats: TypeAlias = NDArray[np.float64]
Verdict: TypeAlias = Literal["kept", "not shown", "broken"]

MEASURE = "revalidation"


@dataclass(frozen=True, slots=True)
class Revalidated:
    """What the floors are worth now.

    Attributes
    ----------
    n_rows, n_bad : int
        Matured labels, and bad ones among them.
    figures : dict of str to Interval
        Each metric that has a floor; empty where there were too few labels.
    verdicts : dict of str to {"kept", "not shown", "broken"}
        ``kept`` where the whole interval keeps the floor, ``broken`` where none of it
        does, ``not shown`` between.
    notices : tuple of Notice
        Critical for what is broken; a warning where labels are too few to say anything.
    """

    n_rows: int
    n_bad: int
    figures: dict[str, Interval]
    verdicts: dict[str, Verdict]
    notices: tuple[Notice, ...]


def revalidate(
    matured: Floats,
    contract: Contract,
    *,
    threshold: float,
    since: datetime | None,
    rng: np.random.Generator,
) -> Revalidated:
    """Return whether a champion still keeps its floors.

    Parameters
    ----------
    matured : ndarray of shape (n_rows, 2)
        Probability and label of rows whose label has matured.
    contract : Contract
        Floors, costs, and the fewest rows and bad outcomes.
    threshold : float in (0, 1)
        The champion's.
    since : datetime or None
        First event time of the rows; it goes into the evidence.
    rng : Generator
        Draws the intervals.
    """
    n_rows, n_bad = len(matured), int(matured[:, 1].sum())
    gates = contract.gates
    if n_rows < gates.min_rows or not gates.min_positives <= n_bad < n_rows:
        told = (
            f"no revalidation: {n_rows:,} matured labels with {n_bad:,} bad ones; "
            f"{gates.min_rows:,} and {gates.min_positives:,} are the fewest"
        )
        lacking = Notice(MEASURE, "labels", "warning", told, {"n_rows": n_rows})
        return Revalidated(n_rows, n_bad, {}, {}, (lacking,))
    found = evaluate(
        matured[:, 1],
        matured[:, 0],
        threshold=threshold,
        costs=contract.decision.costs,
        rng=rng,
    ).metrics
    figures: dict[str, Interval] = {name: found[name] for name in gates.floors}
    verdicts: dict[str, Verdict] = {
        name: _verdict(figures[name], floor, higher=HIGHER_IS_BETTER[name])
        for name, floor in gates.floors.items()
    }
    notices = tuple(
        _broken(name, figures[name], floor, n_rows, since)
        for name, floor in gates.floors.items()
        if verdicts[name] == "broken"
    )
    return Revalidated(n_rows, n_bad, figures, verdicts, notices)


def revalidation_page(found: Revalidated, contract: Contract) -> str:
    """Return the findings as a page of Markdown."""
    lines = [
        f"# {contract.name}: revalidation",
        "",
        f"{found.n_rows:,} matured labels, {found.n_bad:,} bad ones.",
        "",
        *(f"- **{one.severity}**: {one.summary}" for one in found.notices),
        "",
        "| metric | value | low | high | floor | verdict |",
        "|---|---:|---:|---:|---:|---|",
        *(
            f"| {name} | {one.value:.4f} | {one.low:.4f} | {one.high:.4f} | "
            f"{contract.gates.floors[name]:g} | {found.verdicts[name]} |"  # type: ignore[index] # a Metric
            for name, one in found.figures.items()
        ),
    ]
    return "\n".join(lines)


def _broken(
    name: str, found: Interval, floor: float, n_rows: int, since: datetime | None
) -> Notice:
    told = (
        f"{name} is {found.value:.4f} on labels that matured; the contract asks for "
        f"{floor:g}"
    )
    evidence = {
        "value": round(found.value, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
        "floor": floor,
        "n_rows": n_rows,
        "since": since.isoformat() if since else None,
    }
    return Notice(MEASURE, name, "critical", told, evidence)


def _verdict(found: Interval, floor: float, *, higher: bool) -> Verdict:
    worst, best = (found.low, found.high) if higher else (-found.high, -found.low)
    limit = floor if higher else -floor
    if worst >= limit:
        return "kept"
    return "broken" if best < limit else "not shown"
