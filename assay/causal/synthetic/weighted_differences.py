"""Synthetic difference-in-differences: weights over donors and over periods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.estimate import Estimate, student_estimate, two_sided_p
from assay.causal.synthetic.differences_verdicts import differences_assumptions
from assay.causal.synthetic.placebo import made_up_start
from assay.causal.synthetic.series import Series
from assay.causal.synthetic.simplex import simplex_fit
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats: TypeAlias = NDArray[np.float64]

_TIME_PENALTY = 1e-6
_DONORS_A_TREATED = 3
"""With fewer, placebos leave too few donors to weigh, and their error is too wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedDifferences:
    """Result of :func:`synthetic_differences`.

    Attributes
    ----------
    estimate : Estimate
        The ATT.
    diagnostics : mapping of str to float
        Penalty, effective donors and periods, and the plain estimates beside it.
    assumptions : tuple of Assumption
        Fit of the changes before treatment, enough donors for the error, no effect at
        a made-up date, no spillover.
    series : Series
        What was compared.
    donor_weights : ndarray of shape (n_donors,)
        On the simplex, spread out by the penalty.
    period_weights : ndarray of shape (n_pre,)
        On the simplex: pre-periods that resemble the post-periods.
    gaps : ndarray of shape (n_periods,)
        Treated minus weighted donors, less the weighted gap before treatment.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    series: Series
    donor_weights: Floats
    period_weights: Floats
    gaps: Floats

    def plots(self) -> dict[str, Figure]:
        """Draw both paths, shifted to meet, with the periods' weights."""
        from assay.causal.synthetic.plots import differences_figures

        return differences_figures(self)


@dataclass(frozen=True, slots=True)
class _Weights:
    donors: Floats
    periods: Floats
    penalty: float


def synthetic_differences(
    series: Series,
    *,
    errors: Literal["placebo", "jackknife"] | None = None,
    n_placebos: int = 200,
    seed: int = 0,
    level: float = 0.95,
    outcome_unit: str = "",
) -> WeightedDifferences:
    """Estimate the ATT by weighted difference-in-differences.

    Parameters
    ----------
    series : Series
        Treated units, donors, periods.
    errors : {"placebo", "jackknife"}, optional
        Source of the standard error: placebos treat as many donors at random as were
        treated, the jackknife leaves out each unit in turn. By default placebos, unless
        there are fewer than three donors a treated unit.
    n_placebos, seed
        Number of placebos and the seed of their streams.
    level : float, default=0.95
        Of the interval.
    outcome_unit : str
        As a reader would write it.

    Raises
    ------
    DataError
        If there are too few units for the error asked for.

    Notes
    -----
    The jackknife holds the weights and sees no shock that all treated units share. Its
    interval is Student's with one degree less than there are treated units; the normal
    one of the paper is too narrow for few, and both are for many: measured by
    `benchmarks.causal.synthetic_coverage`. Placebos see such shocks, and need donors.

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager, "Synthetic
    Difference-in-Differences", American Economic Review, 2021.
    """
    weights = _fit(series.treated, series.donors, series.n_pre, series.n_treated)
    value = _contrast(series.treated, series.donors, series.n_pre, weights)
    is_crowded = series.n_donors < _DONORS_A_TREATED * series.n_treated
    kind = errors or ("jackknife" if is_crowded and series.n_treated > 1 else "placebo")
    if kind not in ("jackknife", "placebo"):
        raise ValueError(f"unknown errors {kind!r}; use placebo or jackknife")

    def error_of(part: Series, fitted: _Weights) -> float:
        if kind == "jackknife":
            return _jackknife_error(part, fitted)
        return _placebo_error(part, n_placebos, seed)

    error = error_of(series, weights)
    degrees = series.n_treated - 1.0 if kind == "jackknife" else np.inf
    made_up = _made_up_date(series, error_of, degrees)
    gaps = series.treated - series.donors @ weights.donors
    gaps = gaps - gaps[: series.n_pre] @ weights.periods
    return WeightedDifferences(
        estimate=student_estimate(
            "att", value, error, degrees, level=level, unit=outcome_unit,
            n=series.treated_units.size + series.donors.size,
            method=f"synthetic difference-in-differences, {kind} error",
        ),
        diagnostics=_diagnostics(series, weights),
        assumptions=differences_assumptions(series, gaps, kind, made_up),
        series=series,
        donor_weights=weights.donors,
        period_weights=weights.periods,
        gaps=gaps,
    )  # fmt: skip


def _fit(treated: Floats, donors: Floats, n_pre: int, n_treated: int) -> _Weights:
    """Weights of donors (with an intercept and a penalty) and of pre-periods."""
    pre, post = donors[:n_pre], donors[n_pre:]
    noise = float(np.std(np.diff(pre, axis=0), ddof=1))
    if noise == 0:
        raise DataError(
            "no donor moves before treatment, so that nothing tells how to weigh them; "
            "use donors or periods in which the outcome varies"
        )
    penalty = (n_treated * post.shape[0]) ** 0.25 * noise
    by_donor = _penalised(pre, treated[:n_pre], penalty)
    by_period = _penalised(pre.T, post.mean(axis=0), _TIME_PENALTY * noise)
    return _Weights(by_donor, by_period, penalty)


def _made_up_date(
    series: Series, error_of: Callable[[Series, _Weights], float], degrees: float
) -> tuple[float, float] | None:
    """Return estimate and p value where treatment is pretended before its start."""
    early = made_up_start(series)
    if early is None:
        return None
    weights = _fit(early.treated, early.donors, early.n_pre, early.n_treated)
    if np.count_nonzero(weights.donors > 0) < 2:
        return None
    value = _contrast(early.treated, early.donors, early.n_pre, weights)
    return value, two_sided_p(value, error_of(early, weights), degrees)


def _penalised(columns: Floats, target: Floats, penalty: float) -> Floats:
    """Least squares on the simplex with a free intercept and a ridge."""
    n_rows = target.size
    centred = columns - columns.mean(axis=0)
    gram = centred.T @ centred / n_rows + penalty**2 * np.eye(columns.shape[1])
    return simplex_fit(gram, centred.T @ (target - target.mean()) / n_rows).weights


def _contrast(treated: Floats, donors: Floats, n_pre: int, weights: _Weights) -> float:
    gaps = treated - donors @ weights.donors
    return float(gaps[n_pre:].mean() - gaps[:n_pre] @ weights.periods)


def _jackknife_error(series: Series, weights: _Weights) -> float:
    """Leave out each unit in turn with the weights held, renormalised."""
    if series.n_treated < 2:
        raise DataError(
            "one treated unit leaves nothing when it is left out; use errors='placebo'"
        )
    if np.count_nonzero(weights.donors > 0) < 2:
        raise DataError(
            "a single donor carries all the weight, so the jackknife cannot leave it "
            "out; use errors='placebo'"
        )
    atts = []
    for left_out in range(series.n_treated):
        kept = np.delete(series.treated_units, left_out, axis=1).mean(axis=1)
        atts.append(_contrast(kept, series.donors, series.n_pre, weights))
    for left_out in range(series.n_donors):
        reduced = np.delete(weights.donors, left_out)
        held = _Weights(reduced / reduced.sum(), weights.periods, weights.penalty)
        donors = np.delete(series.donors, left_out, axis=1)
        atts.append(_contrast(series.treated, donors, series.n_pre, held))
    n_units = len(atts)
    gaps = np.array(atts) - np.mean(atts)
    return float(np.sqrt((n_units - 1) / n_units * np.sum(gaps**2)))


def _placebo_error(series: Series, n_placebos: int, seed: int) -> float:
    """Spread of the estimate over donors treated at random, in place of the treated."""
    n_treated = series.n_treated
    if series.n_donors < n_treated + 2:
        raise DataError(
            f"placebos need more donors ({series.n_donors}) than treated units "
            f"({n_treated}) by at least two; use errors='jackknife'"
        )
    atts = np.empty(n_placebos)
    for place, stream in enumerate(np.random.SeedSequence(seed).spawn(n_placebos)):
        shuffled = np.random.default_rng(stream).permutation(series.n_donors)
        treated = series.donors[:, shuffled[:n_treated]].mean(axis=1)
        donors = series.donors[:, shuffled[n_treated:]]
        weights = _fit(treated, donors, series.n_pre, n_treated)
        atts[place] = _contrast(treated, donors, series.n_pre, weights)
    return float(np.std(atts))


def _diagnostics(series: Series, weights: _Weights) -> Mapping[str, float]:
    even = _Weights(
        np.full(series.n_donors, 1 / series.n_donors),
        np.full(series.n_pre, 1 / series.n_pre),
        0.0,
    )
    return MappingProxyType(
        {
            "difference_in_differences": _contrast(
                series.treated, series.donors, series.n_pre, even
            ),
            "penalty": weights.penalty,
            "effective_donors": float(1 / np.sum(weights.donors**2)),
            "effective_pre_periods": float(1 / np.sum(weights.periods**2)),
        }
    )
