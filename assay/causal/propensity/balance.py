"""Whether weights or matches made the two arms alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.causal.rows import Bools, Floats
from assay.errors import DataError


@dataclass(frozen=True, slots=True)
class Balance:
    """One covariate before and after.

    Attributes
    ----------
    covariate : str
        Name; of a text covariate, ``name=level`` for every level.
    raw, adjusted : float
        Standardised difference: gap of the means in pooled standard deviations of the
        raw arms, without and with weights.
    variance_ratio : float
        Of the weighted treated to the weighted untreated arm; 1 for indicators.
    """

    covariate: str
    raw: float
    adjusted: float
    variance_ratio: float


def standardised_differences(
    columns: Floats, names: Sequence[str], treated: Bools, weights: Floats
) -> tuple[Balance, ...]:
    """Return the balance of covariates between two weighted arms.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_covariates)
    names : sequence of str
    treated, weights : ndarray of shape (n_rows,)

    Raises
    ------
    DataError
        If an arm is empty or carries no weight.

    References
    ----------
    .. [1] P. C. Austin, "Balance diagnostics for comparing the distribution of baseline
       covariates between treatment groups", Statistics in Medicine 28, 2009.
    """
    for name, arm in (("treated", treated), ("untreated", ~treated)):
        if not weights[arm].sum() > 0:
            raise DataError(f"{name} rows carry no weight; both arms are needed")
    raw_1, spread_1 = _moments(columns[treated], np.ones(int(treated.sum())))
    raw_0, spread_0 = _moments(columns[~treated], np.ones(int((~treated).sum())))
    mean_1, weighted_1 = _moments(columns[treated], weights[treated])
    mean_0, weighted_0 = _moments(columns[~treated], weights[~treated])
    pooled = np.sqrt((spread_1 + spread_0) / 2)
    found = []
    for j, name in enumerate(names):
        is_indicator = bool(np.isin(columns[:, j], (0.0, 1.0)).all())
        ratio = 1.0
        if not is_indicator and weighted_0[j] > 0:
            ratio = float(weighted_1[j] / weighted_0[j])
        scale = float(pooled[j]) if pooled[j] > 0 else 1.0
        found.append(
            Balance(
                name,
                float(raw_1[j] - raw_0[j]) / scale,
                float(mean_1[j] - mean_0[j]) / scale,
                ratio,
            )
        )
    return tuple(found)


def balance_table(balance: Sequence[Balance]) -> pd.DataFrame:
    """Return balances as a fresh frame, one row a covariate."""
    return pd.DataFrame(
        {
            "covariate": [row.covariate for row in balance],
            "raw": [row.raw for row in balance],
            "adjusted": [row.adjusted for row in balance],
            "variance_ratio": [row.variance_ratio for row in balance],
        }
    )


def _moments(columns: Floats, weights: Floats) -> tuple[Floats, Floats]:
    share = weights / weights.sum()
    mean = share @ columns
    # Unbiased with equal weights, and the usual reliability form with others.
    spread = share @ (columns - mean) ** 2 / max(1 - share @ share, 1e-300)
    return mean, spread
