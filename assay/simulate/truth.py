"""The law by which the simulated lender's applicants default."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

INTERCEPT = -3.54
"""Puts the default rate of an applicant population without drift near 8 %."""


def default_log_odds(applicants: pd.DataFrame) -> NDArray[np.float64]:
    r"""Return the true log-odds of default within 90 days of the application.

    Parameters
    ----------
    applicants : DataFrame of shape (n_applicants, ...)
        Columns of the contract ``credit_default``. What an applicant did not state
        has its own effect, so that the law is a function of what is observed.

    Returns
    -------
    ndarray of shape (n_applicants,)

    Notes
    -----
    With income :math:`I`, amount :math:`A`, obligations :math:`d`, utilisation
    :math:`u`, delinquencies :math:`n`, inquiries :math:`q`, employment :math:`e` years,
    history :math:`h` months and rate :math:`r`, the log-odds are

    .. math::

        -3.54 - 0.25 \ln(I / 45000) + 0.20 \ln(A / 12000)
        + 0.8\,(d - 0.35)_+ + 5\,(u - 0.35)^2 + 0.25 \sqrt{n} + 0.10\,q
        + 0.25\,e^{-e/2} - 0.14\,\ln(1 + h / 24) + 0.04\,(r - 11)
        + 5.5\,(d - 0.35)_+ \, e^{-e/2} + 4\,(u - 0.35)^2 \sqrt{n}
        + \text{term, housing, purpose, channel, account}

    A linear model sees the main effects; the hinge, the U-shape, the saturation and the
    two products are for models that can learn shapes and interactions. Age and gender
    have no effect of their own: they act through the inputs that they go with.
    """
    x = applicants
    use = (x["credit_utilisation"].fillna(0.75).to_numpy() - 0.35) ** 2
    strain = np.maximum(x["debt_to_income"].to_numpy() - 0.35, 0.0)
    trouble = np.sqrt(x["n_delinquencies"].to_numpy())
    unsettled = np.exp(-x["employment_years"].fillna(0.8).to_numpy() / 2.0)
    history = x["credit_history_months"].fillna(6.0).to_numpy()
    return np.asarray(
        INTERCEPT
        - 0.25 * np.log(x["income"].to_numpy() / 45_000.0)
        + 0.20 * np.log(x["loan_amount"].to_numpy() / 12_000.0)
        + 0.8 * strain
        + 5.0 * use
        + 0.25 * trouble
        + 0.10 * x["n_inquiries"].to_numpy()
        + 0.25 * unsettled
        - 0.14 * np.log1p(history / 24.0)
        + 0.04 * (x["interest_rate"].to_numpy() - 11.0)
        + 5.5 * strain * unsettled
        + 4.0 * use * trouble
        + _effects_of_categories(x)
    )


def _effects_of_categories(x: pd.DataFrame) -> NDArray[np.float64]:
    housing = {"mortgage": -0.15, "other": 0.25, "own": -0.25, "rent": 0.15}
    purpose = {"debt_consolidation": 0.20, "medical": 0.30, "home": -0.20}
    channel = {"broker": 0.30, "branch": -0.10}
    effect = (
        x["housing"].map(housing).fillna(0.0)
        + x["purpose"].map(purpose).fillna(0.0)
        + x["channel"].map(channel).fillna(0.0)
        + 0.012 * (x["term_months"] - 36)
        - 0.35 * x["has_account"]
    )
    return effect.to_numpy(np.float64)
