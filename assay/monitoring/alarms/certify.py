"""How often alarms are false and how often they are right, by simulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from assay.errors import ConfigError
from assay.evaluation import Interval
from assay.evaluation.interval import share_interval
from assay.monitoring.alarms.null import null_counts, psi_p_value
from assay.monitoring.alarms.policy import CUSTOMARY, rejected
from assay.monitoring.distances.shares import population_stability
from assay.monitoring.profile.columns import N_BINS, Floats

SIZES = (50, 100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000)
SHIFTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_BLOCK = 250


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """False alarms at one window size, where nothing moved.

    Attributes
    ----------
    n_rows : int
        Rows of a window.
    any_alarm : Interval
        Share of windows in which the calibrated rule alarms on any feature.
    feature_over : tuple of float
        Shares of features over the fixed limits 0.1 and 0.2.
    any_over : tuple of float
        Shares of windows with any feature over them.
    """

    n_rows: int
    any_alarm: Interval
    feature_over: tuple[float, float]
    any_over: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Power:
    """Chance of an alarm on one feature that moved among features that did not.

    Attributes
    ----------
    n_rows : int
        Rows of a window.
    shift : float
        Move of a normal feature's mean, in standard deviations.
    psi : float
        Index of that move with endless rows.
    calibrated : float
        Share of windows in which the calibrated rule names the feature.
    fixed : tuple of float
        Shares in which it is over the fixed limits 0.1 and 0.2.
    """

    n_rows: int
    shift: float
    psi: float
    calibrated: float
    fixed: tuple[float, float]


def certify_false_alarms(
    n_rows: int,
    *,
    n_reference: int = 100_000,
    n_features: int = 200,
    n_windows: int = 10_000,
    level: float = 0.05,
    seed: int = 0,
) -> FalseAlarms:
    """Return how often windows without drift raise an alarm.

    Parameters
    ----------
    n_rows, n_reference : int
        Rows of a window and of the reference, which is drawn anew for each window: the
        rate is that over references as well.
    n_features : int
        Independent continuous features in ten bins each.
    n_windows : int
        Windows to draw.
    level : float
        Nominal chance of any alarm in a window.
    seed : int
        Of the windows; the null law has another.

    Raises
    ------
    ConfigError
        If a count is below 1, or the reference leaves bins without rows.
    """
    _refuse(n_rows, n_reference, n_features, n_windows)
    rng = np.random.default_rng(seed)
    reference = np.full(N_BINS, n_reference // N_BINS)
    n_any, over, any_over = 0, np.zeros(2), np.zeros(2)
    for n_block in _blocks(n_windows):
        counts = null_counts(reference, n_rows, n_block * n_features, rng)
        psi = population_stability(reference, counts).reshape(n_block, n_features)
        p_values = psi_p_value(reference, counts, n_tests=n_features)
        n_any += int(rejected(p_values.reshape(psi.shape), level).any(axis=1).sum())
        crossed = psi[..., None] >= CUSTOMARY
        over += crossed.sum(axis=(0, 1))
        any_over += crossed.any(axis=1).sum(axis=0)
    return FalseAlarms(
        n_rows,
        share_interval(n_any, n_windows),
        _pair(over / (n_windows * n_features)),
        _pair(any_over / n_windows),
    )


def certify_power(
    n_rows: int,
    shift: float,
    *,
    n_reference: int = 100_000,
    n_features: int = 200,
    n_windows: int = 2_000,
    level: float = 0.05,
    seed: int = 1,
) -> Power:
    """Return how often a planted shift of one feature among many is found.

    Parameters
    ----------
    n_rows : int
        Rows of a window.
    shift : float
        Move of a normal feature's mean, in standard deviations.
    n_reference, n_features, n_windows, level, seed
        As in `certify_false_alarms`.

    Raises
    ------
    ConfigError
        As `certify_false_alarms`.
    """
    _refuse(n_rows, n_reference, n_features, n_windows)
    rng = np.random.default_rng(seed)
    reference = np.full(N_BINS, n_reference // N_BINS)
    shares = shifted_shares(shift)
    # The reference's own noise: its bins are tenths of its rows, not of the truth.
    noise = rng.dirichlet(reference + 1 / N_BINS, size=n_windows) * N_BINS
    moved = shares * noise
    counts = rng.multinomial(n_rows, moved / moved.sum(axis=1, keepdims=True))
    psi = population_stability(reference, counts)
    p_values = psi_p_value(reference, counts, n_tests=n_features)
    others = rng.random((n_windows, n_features - 1))
    found = rejected(np.column_stack((p_values, others)), level)[:, 0]
    truth = population_stability(np.full(N_BINS, 0.1), shares)
    return Power(
        n_rows,
        shift,
        float(truth),
        float(found.mean()),
        _pair(np.array([(psi >= limit).mean() for limit in CUSTOMARY])),
    )


def shifted_shares(shift: float) -> Floats:
    """Return the shares that a shifted normal column puts into its old deciles.

    Examples
    --------
    >>> shifted_shares(0.0).round(12).tolist() == [0.1] * 10
    True
    """
    cuts = norm.ppf(np.linspace(0, 1, N_BINS + 1))
    return np.diff(norm.cdf(cuts - shift))


def certificate(found: Sequence[FalseAlarms], power: Sequence[Power]) -> str:
    """Return both tables as Markdown."""
    lines = [
        "| rows | any calibrated alarm | feature over 0.1 | over 0.2 | "
        "any of the features over 0.1 | over 0.2 |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.n_rows:,} | {one.any_alarm.value:.2%} [{one.any_alarm.low:.2%}, "
        f"{one.any_alarm.high:.2%}] | {one.feature_over[0]:.2%} | "
        f"{one.feature_over[1]:.2%} | {one.any_over[0]:.2%} | {one.any_over[1]:.2%} |"
        for one in found
    ]
    lines += [
        "",
        "| rows | shift, sd | its PSI | calibrated | over 0.1 | over 0.2 |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.n_rows:,} | {one.shift:g} | {one.psi:.4f} | {one.calibrated:.1%} | "
        f"{one.fixed[0]:.1%} | {one.fixed[1]:.1%} |"
        for one in power
    ]
    return "\n".join(lines) + "\n"


def _blocks(n_windows: int) -> Iterator[int]:
    for start in range(0, n_windows, _BLOCK):
        yield min(_BLOCK, n_windows - start)


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _refuse(n_rows: int, n_reference: int, n_features: int, n_windows: int) -> None:
    if min(n_rows, n_features, n_windows) < 1 or n_reference < N_BINS:
        raise ConfigError(
            f"{n_rows} rows, {n_reference} reference rows, {n_features} features, "
            f"{n_windows} windows: each must be at least 1, the reference {N_BINS}"
        )
