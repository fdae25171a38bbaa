"""A test that may be looked at every day and stopped at any time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, untestable
from assay.causal.differences.cells import grouped_sums
from assay.causal.estimate import Estimate, two_sided_p
from assay.causal.experiments.arms import no_interference, planned_assignment
from assay.causal.panel import Floats, binary, numeric, present
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Sequential:
    """Result of :func:`sequential_test`.

    Attributes
    ----------
    estimate : Estimate
        The last look: difference, error, the running intersection of intervals and
        the smallest p value so far, both valid whenever one stops.
    diagnostics : mapping of str to float
        Looks, rows at the first significant look (NaN if there is none), and the
        fixed-horizon p value that must not be used after peeking.
    assumptions : tuple of Assumption
        Assignment as planned, stable effect, no interference.
    looks : ndarray of shape (n_looks, 6)
        Order value, rows, difference, lower and upper end, p value.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    looks: Floats

    def table(self) -> pd.DataFrame:
        """Return one row a look."""
        columns = ["order", "n", "difference", "lower", "upper", "p_value"]
        return pd.DataFrame(self.looks, columns=columns)

    def plots(self) -> dict[str, Figure]:
        """Draw the confidence sequence against the rows seen."""
        from assay.causal.experiments.plots import sequential_figures

        return sequential_figures(self)


def sequential_test(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    order: str,
    effect_scale: float,
    minimum_rows: int = 100,
    treated_share: float | None = None,
    level: float = 0.95,
    unit: str = "",
) -> Sequential:
    """Test a difference in means at every distinct value of `order`.

    Parameters
    ----------
    frame : DataFrame
        One row a unit. Not changed.
    outcome, treated : str
        Numeric outcome and 0/1 assignment.
    order : str
        Numeric time or rank of arrival; rows that share a value are seen together.
    effect_scale : float
        Size of effect that matters, in the outcome's unit, > 0; chosen before the
        data. It tunes the power, never the validity.
    minimum_rows : int, default=100
        Rows that each arm needs before the first look: the normal approximation
        must hold from there on.
    treated_share : float, optional
        Planned share of treatment.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If the arms never reach `minimum_rows`, or columns are not usable.
    ValueError
        If `effect_scale` is not positive.

    Notes
    -----
    Mixture sequential probability ratio test [1]_ with a normal mixture of standard
    deviation `effect_scale` and estimated variances, an asymptotic confidence
    sequence [2]_: the chance of ever excluding the truth is at most 1 - level.

    References
    ----------
    .. [1] R. Johari, P. Koomen, L. Pekelis and D. Walsh, "Always Valid Inference:
       Continuous Monitoring of A/B Tests", Operations Research 70 (2022).
    .. [2] I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas,
       "Time-uniform central limit theory and asymptotic confidence sequences",
       Annals of Statistics 52 (2024).
    """
    if not effect_scale > 0:
        raise ValueError(f"effect_scale must be positive, got {effect_scale}")
    present(frame, [outcome, treated, order], varies=outcome)
    times, y = numeric(frame, order), numeric(frame, outcome)
    centre = grouped_sums(np.zeros(y.size, dtype=np.intp), y, 1)[0] / y.size
    # Deviations keep the running sums of squares from cancelling.
    moments, at = _running_moments(times, y - centre, binary(frame, treated))
    ready = _ready(moments[:, :, 0], minimum_rows)
    moments, at, counts = moments[ready], at[ready], moments[:, :, 0][ready]
    difference, square = _differences(moments, counts)
    error = float(np.sqrt(square[-1]))
    half, p_values = always_valid(difference, square, effect_scale, level)
    lower = np.maximum.accumulate(difference - half)
    upper = np.minimum.accumulate(difference + half)
    running = np.minimum.accumulate(p_values)
    n_rows = counts.sum(axis=1)
    looks = np.column_stack([at, n_rows, difference, lower, upper, running])
    stopped = np.flatnonzero(running <= 1 - level)
    diagnostics = {
        "n_looks": float(at.size),
        "stopped_at_n": float(n_rows[stopped[0]]) if stopped.size else float("nan"),
        "mean_outcome": float(centre),
        "fixed_horizon_p_value": two_sided_p(float(difference[-1]), error),
    }
    estimate = _last_look(looks[-1], error, level, unit)
    return Sequential(
        estimate, diagnostics, _assumptions(counts[-1], treated_share), looks
    )


def always_valid(
    difference: Floats, square: Floats, effect_scale: float, level: float
) -> tuple[Floats, Floats]:
    """Return half-widths and p values at each look, shape (n_looks,) each.

    `square` is the squared standard error of `difference`, zero only where the
    outcome does not vary; the half-width is then zero.
    """
    mixture = effect_scale**2
    safe = np.maximum(square, np.finfo(float).tiny)
    ratio = (safe + mixture) / safe
    bound = 2 * safe * (safe + mixture) / mixture
    half = np.sqrt(bound * (0.5 * np.log(ratio) - np.log1p(-level)))
    log_likelihood = difference**2 / bound - 0.5 * np.log(ratio)
    return half, np.exp(-np.maximum(log_likelihood, 0.0))


def _ready(counts: Floats, minimum_rows: int) -> NDArray[np.bool_]:
    """Return which looks have enough rows in both arms."""
    ready = counts.min(axis=1) >= max(minimum_rows, 2)
    if not ready.any():
        raise DataError(
            f"arms end with {counts[-1, 0]:.0f} and {counts[-1, 1]:.0f} rows, and the "
            f"first look needs {minimum_rows} in each; wait or lower minimum_rows"
        )
    return np.asarray(ready, dtype=np.bool_)


def _differences(moments: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return the difference in means and its squared error at each look."""
    means = moments[:, :, 1] / counts
    variances = (moments[:, :, 2] - counts * means**2) / (counts - 1)
    square = (np.maximum(variances, 0.0) / counts).sum(axis=1)
    return means[:, 1] - means[:, 0], square


def _last_look(look: Floats, error: float, level: float, unit: str) -> Estimate:
    _, n_rows, difference, lower, upper, p_value = (float(figure) for figure in look)
    return Estimate(
        estimand="ate",
        value=difference,
        standard_error=error,
        interval=(lower, upper),
        level=level,
        p_value=p_value,
        n=int(n_rows),
        unit=unit,
        method="always-valid difference in means (mixture SPRT)",
    )


def _running_moments(times: Floats, y: Floats, arm: Floats) -> tuple[Floats, Floats]:
    """Return counts, sums and squares by look and arm, shape (n_looks, 2, 3)."""
    at, look = np.unique(times, return_inverse=True)
    cell = 2 * look + arm.astype(np.intp)
    n_cells = 2 * at.size
    shape = (at.size, 2)
    parts = [
        np.bincount(cell, minlength=n_cells).astype(np.float64),
        grouped_sums(cell, y, n_cells),
        grouped_sums(cell, y**2, n_cells),
    ]
    return np.stack([part.reshape(shape).cumsum(axis=0) for part in parts], axis=2), at


def _assumptions(counts: Floats, treated_share: float | None) -> tuple[Assumption, ...]:
    stable = untestable(
        "stable effect",
        "units that arrive late respond like those that arrive early",
        "run for whole weeks before stopping",
    )
    assignment = planned_assignment(counts, treated_share)
    return assignment, stable, no_interference()
