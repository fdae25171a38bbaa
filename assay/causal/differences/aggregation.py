"""Averages of group-time effects, with pointwise errors and uniform bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.differences.multiplier import uniform_critical_value
from assay.causal.estimate import Estimate, critical_value, normal_estimate
from assay.causal.panel import Floats
from assay.errors import DataError

Scheme: TypeAlias = Literal["simple", "dynamic", "group", "calendar"]


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Averages of one scheme.

    Attributes
    ----------
    estimate : Estimate
        The overall average: of event times from 0 on, cohorts or calendar periods.
    keys : ndarray of shape (n_keys,)
        Event times, cohorts or periods; empty for ``"simple"``.
    effects, standard_errors : ndarray of shape (n_keys,)
        The average at each key and its error.
    influence : ndarray of shape (n_clusters, n_keys)
        Influence of each cluster.
    uniform_critical : float
        Critical value of the band that holds at all keys at once; NaN if no draws
        were asked for.
    """

    estimate: Estimate
    keys: Floats
    effects: Floats
    standard_errors: Floats
    influence: Floats
    uniform_critical: float

    def table(self) -> pd.DataFrame:
        """Return one row a key, with pointwise interval and uniform band."""
        point = critical_value(self.estimate.level) * self.standard_errors
        band = self.uniform_critical * self.standard_errors
        return pd.DataFrame(
            {
                "key": self.keys,
                "effect": self.effects,
                "standard_error": self.standard_errors,
                "lower": self.effects - point,
                "upper": self.effects + point,
                "band_lower": self.effects - band,
                "band_upper": self.effects + band,
            }
        )


def aggregate(
    cohorts: Floats,
    periods: Floats,
    effects: Floats,
    influence: Floats,
    memberships: Floats,
    scheme: Scheme,
    *,
    level: float,
    n_draws: int,
    seed: int,
    n: int,
    unit: str,
) -> Aggregation:
    """Average effects over cohorts and periods; arguments as in `GroupTime`.

    Raises
    ------
    ValueError
        If `scheme` is not known.
    DataError
        If no effect lies at or after its start.
    """
    after = periods >= cohorts
    if not after.any():
        raise DataError("no effect at or after a start to average; extend the periods")
    shares = memberships.mean(axis=0)
    order = np.unique(cohorts, return_inverse=True)[1]
    weights, noise = shares[order], (memberships - shares)[:, order]
    if scheme == "simple":
        value, part = _average(effects, influence, weights, noise, after)
        empty = np.empty(0)
        estimate = _overall(value, part, scheme, n=n, level=level, unit=unit)
        return Aggregation(estimate, empty, empty, empty, part[:, None], np.nan)
    keys, cells = _cells(cohorts, periods, after, scheme)
    averages = [
        _average(effects, influence, weights, noise, chosen, fixed=scheme == "group")
        for chosen in cells
    ]
    values = np.asarray([value for value, _ in averages])
    parts = np.column_stack([part for _, part in averages])
    if scheme == "group":
        kept = np.isin(np.unique(cohorts), keys)
        value, part = _over_cohorts(values, parts, memberships, shares, kept)
    else:
        value, part = _over_times(values, parts, keys, scheme)
    critical = _critical(parts, level, n_draws, seed)
    estimate = _overall(value, part, scheme, n=n, level=level, unit=unit)
    return Aggregation(estimate, keys, values, _errors(parts), parts, critical)


def _critical(parts: Floats, level: float, n_draws: int, seed: int) -> float:
    if not n_draws:
        return float("nan")
    return uniform_critical_value(parts, level=level, n_draws=n_draws, seed=seed)


def _cells(
    cohorts: Floats, periods: Floats, after: NDArray[np.bool_], scheme: Scheme
) -> tuple[Floats, list[NDArray[np.bool_]]]:
    if scheme == "dynamic":
        event = periods - cohorts
        keys = np.unique(event)
        return keys, [event == key for key in keys]
    if scheme == "group":
        keys = np.unique(cohorts[after])
        return keys, [after & (cohorts == key) for key in keys]
    if scheme == "calendar":
        keys = np.unique(periods[after])
        return keys, [after & (periods == key) for key in keys]
    raise ValueError(f"scheme must be simple, dynamic, group or calendar, got {scheme!r}")


def _average(
    effects: Floats,
    influence: Floats,
    weights: Floats,
    noise: Floats,
    chosen: NDArray[np.bool_],
    *,
    fixed: bool = False,
) -> tuple[float, Floats]:
    """Return a weighted mean and its influence, that of estimated weights included."""
    share = weights[chosen] / weights[chosen].sum()
    value = float(share @ effects[chosen])
    part = influence[:, chosen] @ share
    if fixed:
        return value, part
    total = weights[chosen].sum()
    return value, part + noise[:, chosen] @ (effects[chosen] - value) / total


def _over_cohorts(
    values: Floats,
    parts: Floats,
    memberships: Floats,
    shares: Floats,
    kept: NDArray[np.bool_],
) -> tuple[float, Floats]:
    """Return the mean over the cohorts kept, weighted by their estimated shares."""
    noise = (memberships - shares)[:, kept]
    every = np.ones(values.size, dtype=bool)
    return _average(values, parts, shares[kept], noise, every)


def _over_times(
    values: Floats, parts: Floats, keys: Floats, scheme: Scheme
) -> tuple[float, Floats]:
    """Return the plain mean over event times from 0 on, or over all periods."""
    used = keys >= 0 if scheme == "dynamic" else np.ones(keys.size, dtype=bool)
    return float(values[used].mean()), parts[:, used].mean(axis=1)


def _errors(parts: Floats) -> Floats:
    return np.asarray(np.sqrt((parts**2).sum(axis=0)) / parts.shape[0])


def _overall(
    value: float, part: Floats, scheme: str, *, n: int, level: float, unit: str
) -> Estimate:
    error = float(_errors(part[:, None])[0])
    method = f"group-time effects, {scheme} average, analytic influence"
    return normal_estimate(
        "att", value, error, n=n, level=level, unit=unit, method=method
    )
