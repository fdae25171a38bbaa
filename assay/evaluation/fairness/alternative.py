"""What another decision rule would change: cost, and the smallest approval ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import CostMatrix
from assay.errors import DataError
from assay.evaluation.fairness.disparity import group_tables
from assay.evaluation.interval import LEVEL, Interval
from assay.evaluation.resampling import intervals_of_resamples

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Effect:
    """An alternative's cost and smallest approval ratio, and both against today's.

    Attributes
    ----------
    cost, extra_cost : Interval
        Per decision, in the contract's unit; extra is alternative minus today's.
    smallest_ratio, ratio_gain : Interval
        Lowest over highest approval share among the groups; gain likewise.
    """

    cost: Interval
    extra_cost: Interval
    smallest_ratio: Interval
    ratio_gain: Interval


def alternative_effect(
    labels: Floats,
    approved: Flags,
    alternative: Flags,
    groups: Sequence[tuple[str, Flags]],
    *,
    costs: CostMatrix,
    rng: np.random.Generator,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> Effect | None:
    """Return what approving others would change, paired row by row.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,)
        Outcomes, 1 is bad.
    approved, alternative : ndarray of bool of shape (n_rows,)
        Who is approved today, and who would be.
    groups : sequence of (name, ndarray of bool of shape (n_rows,))
        At least two; no row is in two, and rows in none are left out.
    costs : CostMatrix
        Cost of each pair of action and outcome.
    rng : Generator
        Draws the resamples.

    Returns
    -------
    Effect or None
        None where either approves nobody in every group, which has no ratio.

    Raises
    ------
    DataError
        As `disparities`, or if there is one group only.
    """
    if len(groups) < 2:
        raise DataError("one group has no ratio; give at least two")
    group_tables(labels, approved, groups)
    cell = 4 * labels.astype(np.int64) + 2 * approved + alternative
    tables = np.stack(
        [np.bincount(cell[m], minlength=8).reshape(2, 2, 2) for _, m in groups]
    )
    n_rows = int(tables.sum())
    drawn = rng.multinomial(n_rows, tables.ravel() / n_rows, size=n_resamples)
    values = {k: float(v[0]) for k, v in _effects(tables[None], costs).items()}
    draws = _effects(drawn.reshape(-1, *tables.shape), costs)
    found = intervals_of_resamples(values, [draws], level)
    return Effect(**found) if len(found) == len(values) else None


def _effects(tables: NDArray[np.int64], costs: CostMatrix) -> dict[str, Floats]:
    """Return figures of tables (n_sets, n_groups, outcome, today, alternative)."""
    n_rows = tables.sum(axis=(1, 2, 3, 4))
    prices = np.array(
        [
            [costs.false_positive, costs.true_negative],
            [costs.true_positive, costs.false_negative],
        ]
    )
    today, other = tables.sum(axis=4), tables.sum(axis=3)
    cost_today, cost = (
        np.einsum("sgoa,oa->s", decided, prices) / n_rows for decided in (today, other)
    )
    ratio_today, ratio = _smallest_ratio(today), _smallest_ratio(other)
    return {
        "cost": cost,
        "extra_cost": cost - cost_today,
        "smallest_ratio": ratio,
        "ratio_gain": ratio - ratio_today,
    }


def _smallest_ratio(decided: NDArray[np.int64]) -> Floats:
    rows = decided.sum(axis=(2, 3))
    shares = np.full(rows.shape, np.nan)
    np.divide(decided[..., 1].sum(axis=2), rows, out=shares, where=rows > 0)
    top = shares.max(axis=1)
    ratio = np.full(top.shape, np.nan)
    np.divide(shares.min(axis=1), top, out=ratio, where=top > 0)
    return ratio
