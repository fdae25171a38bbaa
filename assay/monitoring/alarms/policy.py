"""Which columns of a window raise an alarm, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.contract import Limits
from assay.errors import ConfigError
from assay.monitoring.alarms.null import psi_p_value, psi_quantile
from assay.monitoring.distances.columns import ColumnDrift

Band: TypeAlias = Literal["stable", "watch", "retrain"]

CUSTOMARY = (0.1, 0.2)
"""Fixed limits of the trade: under the first stable, from the second retrain."""


@dataclass(frozen=True, slots=True)
class AlarmPolicy:
    """How often alarms may be false.

    Attributes
    ----------
    level : float in (0, 1)
        Chance that a series of `looks` windows without drift raises any alarm.
    looks : int
        Windows that are compared with one reference before it is replaced; the level is
        shared out evenly, so that looking every day does not make alarms certain.
    """

    level: float = 0.05
    looks: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.looks < 1:
            raise ConfigError(
                f"level {self.level:g} must lie in (0, 1) and looks {self.looks} be at "
                "least 1"
            )

    @property
    def level_a_window(self) -> float:
        """Chance that one window without drift raises any alarm."""
        return self.level / self.looks


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was decided about one column of one window.

    Attributes
    ----------
    name : str
        Column.
    psi, ks : float
        Distances; `ks` is NaN for a category.
    p_value : float
        Of the index, where nothing moved.
    psi_null : float
        Index that a single column passes with the window's level where nothing moved.
    band : {"stable", "watch", "retrain"}
        What the customary limits 0.1 and 0.2 say, whatever the number of rows.
    is_large : bool
        Whether a distance reaches the contract's limit.
    is_significant : bool
        Whether the window cannot be explained without drift, over all columns.
    is_raised : bool
        Both.
    """

    name: str
    psi: float
    ks: float
    p_value: float
    psi_null: float
    band: Band
    is_large: bool
    is_significant: bool

    @property
    def is_raised(self) -> bool:
        """True where the effect is large and cannot be chance."""
        return self.is_large and self.is_significant


def decide_alarms(
    drifts: Sequence[ColumnDrift], limits: Limits, policy: AlarmPolicy | None = None
) -> tuple[Alarm, ...]:
    """Return the decision about each column, in the same order.

    Parameters
    ----------
    drifts : sequence of ColumnDrift
        Of one window.
    limits : Limits
        The contract's smallest effects worth an alarm.
    policy : AlarmPolicy, optional
        How often alarms may be false.

    Notes
    -----
    An alarm needs an effect (PSI or KS at its limit) and evidence (PSI above what this
    many rows give by chance). A column without rows on a side raises none; its missing
    rows and the out-of-contract share speak for it.
    """
    chosen = policy or AlarmPolicy()
    tested = [
        float(
            psi_p_value(drift.reference_counts, drift.current_counts, n_tests=len(drifts))
        )
        if drift.n_current and drift.reference_counts.sum()
        else 1.0
        for drift in drifts
    ]
    significant = rejected(tested, chosen.level_a_window)
    return tuple(
        _alarm(drift, limits, chosen.level_a_window, p_value, bool(found))
        for drift, p_value, found in zip(drifts, tested, significant, strict=True)
    )


def rejected(p_values: ArrayLike, level: float) -> NDArray[np.bool_]:
    """Return which hypotheses fall under the rule of Benjamini and Hochberg.

    Parameters
    ----------
    p_values : array-like of shape (..., n_hypotheses)
        One family a row.
    level : float in (0, 1)
        Expected share of false alarms among alarms; the chance of any alarm where
        nothing moved anywhere.

    Returns
    -------
    ndarray of bool, of the same shape

    References
    ----------
    Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", Journal of the
    Royal Statistical Society B, 1995.

    Examples
    --------
    >>> rejected([0.01, 0.02, 0.9], 0.05).tolist()
    [True, True, False]
    """
    values = np.asarray(p_values, dtype=np.float64)
    n_hypotheses = values.shape[-1]
    if not n_hypotheses:
        return np.zeros(values.shape, dtype=bool)
    ordered = np.sort(values, axis=-1)
    steps = level * np.arange(1, n_hypotheses + 1) / n_hypotheses
    largest = np.max(np.where(ordered <= steps, ordered, -1.0), axis=-1, keepdims=True)
    return np.asarray(values <= largest)


def customary_band(psi: float) -> Band:
    """Return what the fixed limits 0.1 and 0.2 say; NaN is stable.

    Examples
    --------
    >>> [customary_band(psi) for psi in (0.05, 0.1, 0.3)]
    ['stable', 'watch', 'retrain']
    """
    if psi >= CUSTOMARY[1]:
        return "retrain"
    return "watch" if psi >= CUSTOMARY[0] else "stable"


def _alarm(
    drift: ColumnDrift, limits: Limits, level: float, p_value: float, is_significant: bool
) -> Alarm:
    can_tell = bool(drift.n_current and drift.reference_counts.sum())
    return Alarm(
        name=drift.name,
        psi=drift.psi,
        ks=drift.ks,
        p_value=p_value,
        psi_null=psi_quantile(drift.reference_counts, drift.n_current, level)
        if can_tell
        else float("nan"),
        band=customary_band(drift.psi),
        is_large=bool(drift.psi >= limits.psi or drift.ks >= limits.ks),
        is_significant=is_significant,
    )
