"""Synthetic control that prefers donors close to the treated unit."""

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
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

_PENALTIES = 25


def penalised_control(
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
    """Trade the fit of the average against the likeness of each donor in it.

    Minimises ``|x1 - X0 w|^2 + penalty * sum_j w_j |x1 - x_j|^2`` over the simplex.

    Parameters
    ----------
    frame, unit, period, outcome, treated_units, treatment_start, donors, end
        As of :func:`synthetic_control`.
    penalty : float, optional
        0 is the plain synthetic control, infinity the nearest neighbour. By default
        the one that best predicts the donors from each other after treatment.
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
    .. [1] Abadie and L'Hour, "A Penalized Synthetic Control Estimator for Disaggregated
       Data", Journal of the American Statistical Association, 2021.
    .. [2] Chernozhukov, Wuthrich and Zhu, "An Exact and Robust Conformal Inference
       Method for Counterfactual and Synthetic Controls", same journal, 2021.
    """
    refuse_constant(frame, outcome)
    cells = read_cells(
        frame, unit=unit, period=period, outcome=outcome, treated_units=treated_units,
        treatment_start=treatment_start, donors=donors, end=end,
    )  # fmt: skip
    return tuned_control(
        cells, Penalised(), penalty=penalty, level=level, outcome_unit=outcome_unit
    )


class Penalised:
    """Weights on the simplex that cost a donor's own distance."""

    method = "penalised synthetic control"
    extrapolates = False

    def fit(self, series: Series, penalty: float | None = None) -> TunedWeights:
        """Return weights on the simplex, unique and sparse for a positive penalty.

        Raises
        ------
        ValueError
            If the penalty is negative.
        """
        pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
        penalties = errors = np.empty(0)
        if penalty is None:
            penalties, errors = _errors_on_donors(series)
            penalty = float(penalties[int(np.argmin(errors))])
        elif not penalty >= 0:
            raise ValueError(f"penalty must not be negative, got {penalty}")
        plain = simplex_fit(pre.T @ pre, pre.T @ target).weights
        weights = simplex_fit(*_problem(pre, target, penalty)).weights
        return TunedWeights(weights, plain, float(penalty), penalties, errors)

    def residuals(self, series: Series, penalty: float) -> Residuals:
        """Return the residuals of the estimator fitted on all periods."""
        donors = series.donors
        gram = donors.T @ donors

        def of(effects: Floats) -> Floats:
            treated = without_effects(series, effects)
            linears = [_problem(donors, one, penalty)[1] for one in treated]
            grams = np.broadcast_to(gram, (effects.size, *gram.shape))
            weights = simplex_batch(grams, np.array(linears)).weights
            return np.asarray(treated - weights @ donors.T)

        return of


def _problem(donors: Floats, treated: Floats, penalty: float) -> tuple[Floats, Floats]:
    distances = np.sum((donors - treated[:, None]) ** 2, axis=0)
    return donors.T @ donors, donors.T @ treated - penalty / 2 * distances


def _errors_on_donors(series: Series) -> tuple[Floats, Floats]:
    if series.n_donors < 2:
        raise DataError(
            "one donor has no other donor that a penalty could be chosen on; give a "
            "penalty or more donors"
        )
    pre = series.donors[: series.n_pre]
    after = series.donors[series.n_pre :]
    penalties = np.append(0.0, np.geomspace(1e-4, 10.0, _PENALTIES - 1))
    errors = np.zeros(penalties.size)
    for left_out in range(series.n_donors):
        others = np.arange(series.n_donors) != left_out
        grams, linears = zip(
            *(_problem(pre[:, others], pre[:, left_out], p) for p in penalties),
            strict=True,
        )
        weights = simplex_batch(np.array(grams), np.array(linears)).weights
        gaps = after[:, [left_out]] - after[:, others] @ weights.T
        errors += np.mean(gaps**2, axis=0)
    return penalties, errors / series.n_donors
