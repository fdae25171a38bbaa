"""Synthetic controls with a penalty: one result and one set of checks for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.estimate import Estimate
from assay.causal.synthetic.conformal import (
    Residuals,
    conformal_estimate,
    conformal_p_values,
)
from assay.causal.synthetic.placebo import (
    USED_WEIGHT,
    LeftOut,
    SpacePlacebos,
    made_up_start,
    ranked_among,
)
from assay.causal.synthetic.series import (
    Cells,
    Series,
    donor_noise,
    read_series,
    weight_table,
)
from assay.causal.synthetic.verdicts import Evidence, assess

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TunedWeights:
    """Weights under a penalty, and how it was chosen.

    Attributes
    ----------
    weights : ndarray of shape (n_donors,)
        Sum 1.
    simplex_weights : ndarray of shape (n_donors,)
        Those of the plain synthetic control.
    penalty : float
        As given or chosen.
    penalties, errors : ndarray
        Tried penalties and their squared error; empty where one was given.
    """

    weights: Floats
    simplex_weights: Floats
    penalty: float
    penalties: Floats
    errors: Floats


class Recipe(Protocol):
    """An estimator of weights with a penalty."""

    method: str
    extrapolates: bool

    def fit(self, series: Series, penalty: float | None = None) -> TunedWeights:
        """Return the weights that follow the treated series before treatment."""

    def residuals(self, series: Series, penalty: float) -> Residuals:
        """Return the residuals of the estimator fitted on all periods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TunedControl:
    """Result of :func:`augmented_control` and :func:`penalised_control`.

    Attributes
    ----------
    estimate : Estimate
        The ATT: mean gap after treatment, with the interval of the permutation test
        over time (no standard error). An end is infinite where the estimator absorbs an
        effect of any size.
    diagnostics : mapping of str to float
        Penalty, fit, weights, placebo p values, and the plain synthetic control's ATT.
    assumptions : tuple of Assumption
        As of :class:`SyntheticControl`, judged on this estimator's own fits.
    series : Series
        What was compared.
    tuned : TunedWeights
        Weights and how their penalty was chosen.
    gaps : ndarray of shape (n_periods,)
        Treated minus synthetic series.
    space : SpacePlacebos or None
        Donors treated in turn; None with fewer than three donors.
    left_out : tuple of LeftOut
        Estimate without each donor it rests on.
    time_placebo : tuple of two float or None
        Mean gap after a made-up date in the pre-period, and its p value.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    series: Series
    tuned: TunedWeights
    gaps: Floats
    space: SpacePlacebos | None
    left_out: tuple[LeftOut, ...]
    time_placebo: tuple[float, float] | None

    @property
    def donor_weights(self) -> Floats:
        """Weights in the order of ``series.donor_names``."""
        return self.tuned.weights

    @property
    def synthetic(self) -> Floats:
        """Weighted donors, shape (n_periods,)."""
        return np.asarray(self.series.donors @ self.tuned.weights)

    def weight_table(self) -> pd.DataFrame:
        """Return donors with weight, heaviest first."""
        return weight_table(self.series, self.tuned.weights)

    def plots(self) -> dict[str, Figure]:
        """Draw paths, gap among its placebos, weights, one-left-out and the penalty."""
        from assay.causal.synthetic.plots import tuned_figures

        return tuned_figures(self)


def tuned_control(
    cells: Cells,
    recipe: Recipe,
    *,
    penalty: float | None,
    level: float,
    outcome_unit: str,
) -> TunedControl:
    """Return the estimate of a recipe with everything it is judged by."""
    series = read_series(cells)
    tuned = recipe.fit(series, penalty)
    gaps = series.treated - series.donors @ tuned.weights
    residuals = recipe.residuals(series, tuned.penalty)
    estimate = conformal_estimate(
        series, float(gaps[series.n_pre :].mean()), residuals,
        level=level, n=cells.n_rows, unit=outcome_unit, method=recipe.method,
    )  # fmt: skip
    evidence = Evidence(
        series=series,
        weights=tuned.weights,
        gaps=gaps,
        space=_placebos(series, gaps, recipe, tuned.penalty),
        left_out=_left_out(series, recipe, tuned),
        time_placebo=_made_up_date(series, recipe, tuned.penalty),
        noise=donor_noise(cells, series),
    )
    return TunedControl(
        estimate=estimate,
        diagnostics=_diagnostics(evidence, tuned),
        assumptions=assess(
            evidence, extrapolates=recipe.extrapolates, interval=estimate.interval
        ),
        series=series,
        tuned=tuned,
        gaps=gaps,
        space=evidence.space,
        left_out=evidence.left_out,
        time_placebo=evidence.time_placebo,
    )


def _placebos(
    series: Series, gaps: Floats, recipe: Recipe, penalty: float
) -> SpacePlacebos | None:
    """Treat each donor in turn, with the penalty of the treated series."""
    if series.n_donors < 3:
        return None
    found = []
    for donor in range(series.n_donors):
        own = series.donors[:, donor]
        part = _without(replace(series, treated=own), donor)
        found.append(own - part.donors @ recipe.fit(part, penalty).weights)
    return ranked_among(np.column_stack(found), gaps, series.n_pre)


def _left_out(series: Series, recipe: Recipe, tuned: TunedWeights) -> tuple[LeftOut, ...]:
    """Fit again without each donor of weight above 0.001 in size, heaviest first."""
    sizes = np.abs(tuned.weights)
    found = []
    for donor in sorted(np.flatnonzero(sizes > USED_WEIGHT), key=lambda at: -sizes[at]):
        if series.n_donors < 2:
            break
        part = _without(series, int(donor))
        gaps = part.treated - part.donors @ recipe.fit(part, tuned.penalty).weights
        att = float(gaps[series.n_pre :].mean())
        weight = float(tuned.weights[donor])
        found.append(LeftOut(series.donor_names[donor], weight, att))
    return tuple(found)


def _made_up_date(
    series: Series, recipe: Recipe, penalty: float
) -> tuple[float, float] | None:
    early = made_up_start(series)
    if early is None:
        return None
    gaps = early.treated - early.donors @ recipe.fit(early, penalty).weights
    residuals = recipe.residuals(early, penalty)
    p_value = float(conformal_p_values(early, np.zeros(1), residuals)[0])
    return float(gaps[early.n_pre :].mean()), p_value


def _without(series: Series, donor: int) -> Series:
    names = series.donor_names
    return replace(
        series,
        donors=np.delete(series.donors, donor, axis=1),
        donor_names=names[:donor] + names[donor + 1 :],
    )


def _diagnostics(evidence: Evidence, tuned: TunedWeights) -> Mapping[str, float]:
    series, weights = evidence.series, tuned.weights
    plain = series.treated - series.donors @ tuned.simplex_weights
    before, after, plain_before = (
        float(np.sqrt(np.mean(part**2)))
        for part in (
            evidence.gaps[: series.n_pre],
            evidence.gaps[series.n_pre :],
            plain[: series.n_pre],
        )
    )
    found = {
        "penalty": tuned.penalty,
        "synthetic_control_att": float(plain[series.n_pre :].mean()),
        "pre_mean": float(series.treated[: series.n_pre].mean()),
        "post_mean": float(series.treated[series.n_pre :].mean()),
        "rmspe_pre": before,
        "rmspe_pre_synthetic_control": plain_before,
        "rmspe_ratio": after / max(before, 1e-300),
        "donors_used": float(np.count_nonzero(np.abs(weights) > USED_WEIGHT)),
        "weight_below_zero": float(-weights[weights < 0].sum()),
        "donor_noise_share": evidence.noise_share,
    }
    if evidence.space is not None:
        found["placebo_p_value"] = evidence.space.p_value
        found["placebo_ratio_p_value"] = evidence.space.ratio_p_value
    return MappingProxyType(found)
