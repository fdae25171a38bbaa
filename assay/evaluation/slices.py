"""Metrics by group of a protected field: what a validator compares first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.contract import Contract, Field
from assay.evaluation.auc import auc_interval
from assay.evaluation.interval import Interval, share_interval

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

N_BANDS = 4
"""Bands, of about equal size, that a protected number is cut into."""


@dataclass(frozen=True, slots=True)
class SliceMetrics:
    """What the model does to one group of a protected field.

    Attributes
    ----------
    field, group : str
        The protected field and the group in words; "missing" where it is not known.
    n_rows, n_positives : int
        Rows, and bad outcomes among them.
    approval_share : Interval
        Share that gets the negative (not adverse) action; Wilson's interval.
    bad_share : Interval
        Share of bad outcomes; Wilson's interval.
    mean_probability : float
        Mean calibrated probability.
    auc : Interval or None
        See `auc_interval`; None where an outcome is absent.
    """

    field: str
    group: str
    n_rows: int
    n_positives: int
    approval_share: Interval
    bad_share: Interval
    mean_probability: float
    auc: Interval | None


def by_slice(
    labels: Floats,
    probabilities: Floats,
    frame: pd.DataFrame,
    contract: Contract,
    *,
    threshold: float,
    fields: Sequence[Field] | None = None,
) -> tuple[SliceMetrics, ...]:
    """Return metrics for each group of each protected field that `frame` has.

    Parameters
    ----------
    labels, probabilities : ndarray of shape (n_rows,)
        Outcomes and calibrated probabilities.
    frame : DataFrame of n_rows
        Holds the protected fields.
    contract : Contract
        Names them.
    threshold : float
        Probability at or above which the adverse action is taken.
    fields : sequence of Field, optional
        Take the place of the protected ones.
    """
    chosen = contract.with_role("protected") if fields is None else fields
    return tuple(
        _slice(field.name, group, labels[member], probabilities[member], threshold)
        for field in chosen
        if field.name in frame.columns
        for group, member in groups_of(frame[field.name], field)
    )


def by_month(
    labels: Floats,
    probabilities: Floats,
    times: pd.Series,
    *,
    threshold: float,
) -> tuple[SliceMetrics, ...]:
    """Return metrics for each calendar month, UTC, oldest first.

    Parameters
    ----------
    labels, probabilities : ndarray of shape (n_rows,)
        Outcomes and calibrated probabilities.
    times : Series of n_rows timestamps
        When each row happened; its name becomes the slices' field.
    threshold : float
        Probability at or above which the adverse action is taken.
    """
    months = pd.to_datetime(times, utc=True).dt.strftime("%Y-%m").to_numpy(dtype=str)
    found = []
    for month in np.unique(months):
        member = months == month
        part = labels[member], probabilities[member]
        found.append(_slice(str(times.name), str(month), *part, threshold))
    return tuple(found)


def groups_of(values: pd.Series, field: Field) -> Iterator[tuple[str, Flags]]:
    """Yield each group of a field that has a row: its name, and which rows are in it.

    Categories and booleans are groups as they are, numbers are cut into four bands of
    about equal size, and missing values are a group of their own. No row is in two.
    """
    for name, member in _groups(values, field):
        if member.any():
            yield name, member


def _slice(
    field: str, group: str, labels: Floats, probabilities: Floats, threshold: float
) -> SliceMetrics:
    n_rows, n_positives = len(labels), int(labels.sum())
    return SliceMetrics(
        field=field,
        group=group,
        n_rows=n_rows,
        n_positives=n_positives,
        approval_share=share_interval(float((probabilities < threshold).sum()), n_rows),
        bad_share=share_interval(n_positives, n_rows),
        mean_probability=float(probabilities.mean()),
        auc=auc_interval(labels, probabilities) if 0 < n_positives < n_rows else None,
    )


def _groups(values: pd.Series, field: Field) -> Iterator[tuple[str, Flags]]:
    if field.is_numeric:
        yield from _bands(values.to_numpy(dtype=np.float64, na_value=np.nan))
    else:
        for value in field.categories or sorted(values.dropna().unique()):
            yield str(value), (values == value).to_numpy(dtype=bool)
    yield "missing", values.isna().to_numpy()


def _bands(values: Floats) -> Iterator[tuple[str, Flags]]:
    known = values[~np.isnan(values)]
    if known.size == 0:
        return
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, N_BANDS + 1), method="lower"))
    if len(cuts) == 1:
        yield f"{cuts[0]:g}", values == cuts[0]
        return
    for low, high in pairwise(cuts):
        is_last = high == cuts[-1]
        member = (values >= low) & ((values <= high) if is_last else (values < high))
        yield f"{low:g} to {'' if is_last else 'below '}{high:g}", member
