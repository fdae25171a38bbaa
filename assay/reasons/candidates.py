"""Values that a field could have instead: one for each that the model tells apart."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract, Field
from assay.errors import DataError
from assay.reasons.bounds import EnsembleBounds

Floats: TypeAlias = NDArray[np.float64]

DIGITS = 6
"""Significant digits to which a proposed number is rounded, away from the row's own."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Values of one feature, rising, and what each costs.

    Attributes
    ----------
    values : ndarray of shape (n_values,)
        As in the design matrix. Between two thresholds of the model all values are
        alike, so the one nearest to the row's own stands for all.
    costs : ndarray of shape (n_values,)
        Of a number its distance from the row's own value, in spreads of the model's
        split points on the field (their interquartile range); of another category 1.
    own : int
        Place of the row's own value; its cost is 0.
    """

    values: Floats
    costs: Floats
    own: int


def movable_features(
    contract: Contract, may_change: Collection[str] | None
) -> frozenset[str]:
    """Return the names of features that a change may touch.

    Parameters
    ----------
    contract : Contract
        The version's.
    may_change : collection of str or None
        Names; None means every feature that the contract gives a reason text, which are
        those that an applicant is told about.

    Raises
    ------
    DataError
        If a name is no feature, as protected and identifying fields never are.
    """
    if may_change is None:
        return frozenset(f.name for f in contract.features if f.reason.strip())
    known = {field.name for field in contract.features}
    wrong = sorted(set(may_change) - known)
    if wrong:
        raise DataError(
            f"{', '.join(wrong)} cannot be changed: the contract's features are "
            f"{', '.join(sorted(known))}"
        )
    return frozenset(may_change)


def candidates_of(
    bounds: EnsembleBounds, column: int, field: Field, own: float, *, is_movable: bool
) -> Candidates:
    """Return the values that a feature of a row could have.

    A missing value, and one outside the contract, stays as it is.
    """
    if not is_movable or math.isnan(own) or not _is_within(field, own):
        return Candidates(np.array([own]), np.zeros(1), 0)
    if field.is_numeric:
        return _numbers(bounds.split_points(column), field, own)
    if field.dtype == "boolean":
        values = np.array([0.0, 1.0])
    elif field.has_text_categories:
        values = np.arange(len(field.categories), dtype=np.float64)
    else:
        values = np.sort(np.array(field.categories, dtype=np.float64))
    costs = (values != own).astype(np.float64)
    return Candidates(values, costs, int(np.flatnonzero(values == own)[0]))


def _is_within(field: Field, own: float) -> bool:
    if field.is_numeric:
        low = -math.inf if field.minimum is None else field.minimum
        high = math.inf if field.maximum is None else field.maximum
        return low <= own <= high
    if field.has_text_categories:
        return 0 <= own < len(field.categories)
    return field.dtype == "boolean" or own in field.categories


def _numbers(points: Floats, field: Field, own: float) -> Candidates:
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    distinct = np.unique(points)
    above = distinct[(distinct >= own) & (distinct < high)]
    below = distinct[(distinct < own) & (distinct >= low)]
    whole = field.dtype == "integer"
    upper = np.append(above, high)[1:]
    lower = np.append(low, below)[:-1]
    ups = [_just_above(at, end, whole) for at, end in zip(above, upper, strict=True)]
    downs = [_at_most(at, end, whole) for at, end in zip(below, lower, strict=True)]
    found = [value for value in (*downs, *ups) if value is not None and value != own]
    values = np.unique(np.array([*found, own], dtype=np.float64))
    costs = np.abs(values - own) / _spread(points, own)
    return Candidates(values, costs, int(np.flatnonzero(values == own)[0]))


def _just_above(threshold: float, end: float, whole: bool) -> float | None:
    """Return the least value of a cell ``(threshold, end]``, rounded upwards."""
    least = math.floor(threshold) + 1.0 if whole else math.nextafter(threshold, math.inf)
    if least > end:
        return None
    rounded = least if whole else _rounded(least, math.ceil)
    return rounded if rounded <= end else least


def _at_most(threshold: float, end: float, whole: bool) -> float | None:
    """Return the largest value of a cell ``(end, threshold]``, rounded downwards.

    The lowest cell includes its end, the field's minimum.
    """
    most = float(math.floor(threshold)) if whole else threshold
    if most < end:
        return None
    rounded = most if whole else _rounded(most, math.floor)
    return rounded if rounded > end else most


def _rounded(value: float, towards: object) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    decimal = round(value, places)
    is_up = towards is math.ceil
    if (decimal < value) if is_up else (decimal > value):
        step = 10.0**-places
        decimal = round(decimal + step if is_up else decimal - step, places)
    return decimal


def _spread(points: Floats, own: float) -> float:
    """Return the unit in which a number's change is measured, above 0."""
    if len(points):
        quarter, three_quarters = np.quantile(points, [0.25, 0.75])
        for width in (three_quarters - quarter, points[-1] - points[0]):
            if width > 0:
                return float(width)
    return max(abs(own), 1.0)
