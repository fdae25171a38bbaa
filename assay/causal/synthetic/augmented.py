"""Synthetic control corrected by a ridge regression for what the weights miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.panel import refuse_constant
from assay.causal.synthetic.conformal import Residuals, without_effects
from assay.causal.synthetic.series import Series, read_cells
from assay.causal.synthetic.simplex import simplex_batch, simplex_fit
from assay.causal.synthetic.tuned import TunedControl, TunedWeights, tuned_control

Floats: TypeAlias = NDArray[np.float64]

_PENALTIES = 20
_SMALLEST_SHARE = 1e-8


def augmented_control(
    frame: pd.DataFrame,
    *,
    unit: str,
    period: str,
    outcome: str,
    treated_units: Sequence[Any],
    treatment_start: float,
    donors: Sequence[Any] | None = None,
    end: float | None = None,
    penalty: float | None = None,
    level: float = 0.95,
    outcome_unit: str = "",
) -> TunedControl:
    """Estimate what a rollout did by the ridge-augmented synthetic control.

    Parameters
    ----------
    frame, unit, period, outcome, treated_units, treatment_start, donors, end
        As of :func:`synthetic_control`.
    penalty : float, optional
        Ridge penalty, > 0. By default the largest whose error, leaving out one
        pre-period at a time, is within one standard error of the smallest.
    level : float, default=0.95
        Of the interval.
    outcome_unit : str
        As a reader would write it.

    Raises
    ------
    DataError
        If units or periods are missing or overlap, or there are too few periods for
        an interval of this level.

    Notes
    -----
    The interval holds the effects under which the residuals of the same estimator,
    fitted on all periods with this penalty, look alike before and after [2]_.

    References
    ----------
    .. [1] Ben-Michael, Feller and Rothstein, "The Augmented Synthetic Control Method",
       Journal of the American Statistical Association, 2021; section 7 on inference.
    .. [2] Chernozhukov, Wuthrich and Zhu, "An Exact and Robust Conformal Inference
       Method for Counterfactual and Synthetic Controls", same journal, 2021.
    """
    refuse_constant(frame, outcome)
    cells = read_cells(
        frame, unit=unit, period=period, outcome=outcome, treated_units=treated_units,
        treatment_start=treatment_start, donors=donors, end=end,
    )  # fmt: skip
    return tuned_control(
        cells, Augmented(), penalty=penalty, level=level, outcome_unit=outcome_unit
    )


class Augmented:
    """The weights of a synthetic control and what a ridge regression adds to them."""

    method = "augmented synthetic control"
    extrapolates = True

    def fit(self, series: Series, penalty: float | None = None) -> TunedWeights:
        """Return weights that sum to 1 and may be negative, where they extrapolate.

        Raises
        ------
        ValueError
            If the penalty is not positive.
        """
        pool = series.donors[: series.n_pre]
        centre = pool.mean(axis=1)
        donors = pool - centre[:, None]
        treated = series.treated[: series.n_pre] - centre
        penalties = errors = np.empty(0)
        if penalty is None:
            penalties, errors, spreads = _cross_validation(donors, treated)
            best = int(np.argmin(errors))
            within = errors <= errors[best] + spreads[best]
            penalty = float(penalties[within].max())
        elif not penalty > 0:
            raise ValueError(f"penalty must be positive, got {penalty}")
        base = _simplex(donors, treated)
        weights = base + _correction(donors, treated, base, penalty)
        return TunedWeights(weights, base, float(penalty), penalties, errors)

    def residuals(self, series: Series, penalty: float) -> Residuals:
        """Return the residuals of the estimator fitted on all periods."""
        centre = series.donors.mean(axis=1)
        donors = series.donors - centre[:, None]
        gram = donors.T @ donors
        # What the ridge regression leaves of a residual: the penalty's share of it.
        outer = donors @ donors.T
        ridged = outer + penalty * np.eye(series.n_periods)
        left = np.eye(series.n_periods) - np.linalg.solve(ridged, outer)

        def of(effects: Floats) -> Floats:
            treated = without_effects(series, effects) - centre
            grams = np.broadcast_to(gram, (effects.size, *gram.shape))
            base = simplex_batch(grams, treated @ donors).weights
            return np.asarray((treated - base @ donors.T) @ left)

        return of


def _cross_validation(donors: Floats, treated: Floats) -> tuple[Floats, Floats, Floats]:
    largest = float(np.linalg.norm(donors, ord=2)) ** 2
    penalties = largest * np.geomspace(1.0, _SMALLEST_SHARE, _PENALTIES + 1)
    n_pre = treated.size
    errors = np.empty((n_pre, penalties.size))
    for period in range(n_pre):
        kept = np.arange(n_pre) != period
        base = _simplex(donors[kept], treated[kept])
        for place, penalty in enumerate(penalties):
            weights = base + _correction(donors[kept], treated[kept], base, penalty)
            errors[period, place] = (treated[period] - donors[period] @ weights) ** 2
    spread = errors.std(axis=0, ddof=1) / np.sqrt(n_pre)
    return penalties, errors.mean(axis=0), spread


def _simplex(donors: Floats, treated: Floats) -> Floats:
    return simplex_fit(donors.T @ donors, donors.T @ treated).weights


def _correction(donors: Floats, treated: Floats, base: Floats, penalty: float) -> Floats:
    ridged = donors @ donors.T + penalty * np.eye(treated.size)
    return np.asarray(np.linalg.solve(ridged, treated - donors @ base) @ donors)
