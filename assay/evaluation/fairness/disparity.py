"""Approval ratio, equal opportunity and equalised odds of groups, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError
from assay.evaluation.interval import LEVEL, Interval, share_interval
from assay.evaluation.resampling import intervals_of_resamples

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroupDisparity:
    """What is decided about one group, against the others.

    Attributes
    ----------
    group, reference : str
        The group, and the one with the highest approval share among those of at least
        `min_rows` rows.
    n_rows : int
        Rows of the group.
    approval_share : Interval
        Share approved; Wilson's interval.
    approval_ratio : Interval or None
        Approval share over the reference's. None where nobody is approved there.
    equal_opportunity : Interval or None
        Highest approval share among good outcomes of any large enough group, less this
        group's. None where a group has no good outcome.
    equalised_odds : Interval or None
        Largest distance to a large enough group in approval share among good or among
        bad outcomes. None where a group lacks an outcome.
    """

    group: str
    reference: str
    n_rows: int
    approval_share: Interval
    approval_ratio: Interval | None
    equal_opportunity: Interval | None
    equalised_odds: Interval | None


def disparities(
    labels: Floats,
    approved: Flags,
    groups: Sequence[tuple[str, Flags]],
    *,
    rng: np.random.Generator,
    min_rows: int = 1,
    n_resamples: int = 1000,
    level: float = LEVEL,
) -> tuple[GroupDisparity, ...]:
    """Return each group's disparities, with intervals from resamples of rows.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,)
        Outcomes, 1 is bad.
    approved : ndarray of bool of shape (n_rows,)
        Who gets the negative (not adverse) action.
    groups : sequence of (name, ndarray of bool of shape (n_rows,))
        No row is in two; rows in none are left out.
    rng : Generator
        Draws the resamples.
    min_rows : int
        Smaller groups are compared with the others and not they with it. Where no group
        is as large, all are.

    Raises
    ------
    DataError
        If there is no group, lengths differ, a row is in two groups, or a label is
        neither 0 nor 1.

    Notes
    -----
    Every measure is a function of the counts by group, outcome and decision, so
    resampling rows is drawing those counts from a multinomial law.

    References
    ----------
    M. Hardt, E. Price, N. Srebro, "Equality of opportunity in supervised learning",
    NeurIPS, 2016; the ratio to the highest share is that of 29 CFR 1607.4 D.
    """
    tables = group_tables(labels, approved, groups)
    sizes = tables.sum(axis=(1, 2))
    large = sizes >= min_rows if (sizes >= min_rows).any() else sizes > 0
    n_rows = int(sizes.sum())
    shares = tables[:, :, 1].sum(axis=1) / sizes
    reference = int(np.argmax(np.where(large, shares, -1.0)))
    drawn = rng.multinomial(n_rows, tables.ravel() / n_rows, size=n_resamples)
    values = _measures(tables[None], large, reference)
    draws = _measures(drawn.reshape(-1, *tables.shape), large, reference)
    found = []
    for position, (name, _) in enumerate(groups):
        here = intervals_of_resamples(
            {key: float(value[0, position]) for key, value in values.items()},
            [{key: value[:, position] for key, value in draws.items()}],
            level,
        )
        n_approved = float(tables[position, :, 1].sum())
        found.append(
            GroupDisparity(
                group=name,
                reference=groups[reference][0],
                n_rows=int(sizes[position]),
                approval_share=share_interval(n_approved, int(sizes[position]), level),
                approval_ratio=here.get("approval_ratio"),
                equal_opportunity=_not_negative(here.get("equal_opportunity")),
                equalised_odds=_not_negative(here.get("equalised_odds")),
            )
        )
    return tuple(found)


def group_tables(
    labels: Floats, approved: Flags, groups: Sequence[tuple[str, Flags]]
) -> NDArray[np.int64]:
    """Return counts by group, outcome and approval, of shape (n_groups, 2, 2)."""
    if not groups:
        raise DataError("no group; give at least one")
    if not all(len(labels) == len(part) for part in (approved, *(m for _, m in groups))):
        raise DataError("labels, decisions and groups must be about the same rows")
    n_odd = int(np.count_nonzero((labels != 0) & (labels != 1)))
    if n_odd:
        raise DataError(f"{n_odd} of {len(labels)} labels are neither 0 nor 1")
    n_twice = int(np.count_nonzero(sum(m.astype(np.int64) for _, m in groups) > 1))
    if n_twice:
        raise DataError(f"{n_twice} rows are in two groups; a row belongs to one")
    empty = [name for name, member in groups if not member.any()]
    if empty:
        raise DataError(f"groups without a row: {', '.join(empty)}")
    cell = 2 * labels.astype(np.int64) + approved.astype(np.int64)
    return np.stack(
        [np.bincount(cell[member], minlength=4).reshape(2, 2) for _, member in groups]
    )


def _measures(
    tables: NDArray[np.int64], large: Flags, reference: int
) -> dict[str, Floats]:
    """Return each measure, (n_sets, n_groups), of tables (n_sets, n_groups, 2, 2)."""
    approved, rows = tables[..., 1], tables.sum(axis=-1)
    overall = _share(approved.sum(axis=-1), rows.sum(axis=-1))
    good, bad = np.moveaxis(_share(approved, rows), -1, 0)
    return {
        "approval_ratio": _share(overall, overall[:, [reference]]),
        "equal_opportunity": np.maximum(good[:, large].max(axis=1, keepdims=True), good)
        - good,
        "equalised_odds": np.maximum(_widest(good, large), _widest(bad, large)),
    }


def _widest(shares: Floats, large: Flags) -> Floats:
    others = shares[:, large]
    high = others.max(axis=1, keepdims=True) - shares
    low = shares - others.min(axis=1, keepdims=True)
    return np.asarray(np.maximum(high, low))


def _not_negative(found: Interval | None) -> Interval | None:
    """Return the interval cut at 0, below which no largest distance lies."""
    return found and replace(found, low=max(0.0, found.low), high=max(0.0, found.high))


def _share(hits: NDArray[Any], rows: NDArray[Any]) -> Floats:
    """Return hits over rows; NaN where there is no row."""
    found = np.full(np.broadcast_shapes(hits.shape, rows.shape), np.nan)
    np.divide(hits, rows, out=found, where=np.broadcast_to(rows, found.shape) > 0)
    return found
