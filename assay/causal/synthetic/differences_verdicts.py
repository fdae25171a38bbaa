"""What synthetic difference-in-differences rests on, and what the data say about it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, limit, state_of_test
from assay.causal.synthetic.series import Series
from assay.causal.synthetic.verdicts import graded, no_spillover, placebo_date

Floats: TypeAlias = NDArray[np.float64]


def differences_assumptions(
    series: Series, gaps: Floats, kind: str, made_up: tuple[float, float] | None
) -> tuple[Assumption, ...]:
    """Return the assumptions with their states, in the order of a report.

    Parameters
    ----------
    series : Series
    gaps : ndarray of shape (n_periods,)
        Treated minus weighted donors.
    kind : {"placebo", "jackknife"}
        Source of the error.
    made_up : tuple of estimate and p value, or None
        At a made-up date before treatment.
    """
    own = float(np.std(gaps[: series.n_pre]))
    pre = series.donors[: series.n_pre]
    usual = float(np.median(np.std(pre - pre.mean(axis=1, keepdims=True), axis=0)))
    ratio = own / usual if usual > 0 else 0.0
    state = graded(ratio, "pre_fit_ratio_doubtful", "pre_fit_ratio_broken")
    return (
        Assumption(
            name="parallel after weighting",
            statement="before treatment the weighted donors move like the treated units",
            tested=True,
            statistic=ratio,
            threshold=limit("pre_fit_ratio_doubtful"),
            state=state,
            finding=f"the gap varies by {own:.4g} before treatment, {ratio:.2f} times "
            "what donors vary around their common path",
            advice="" if state == "holds" else "look for donors that move alike",
        ),
        _enough_units(series.n_treated if kind == "jackknife" else series.n_donors, kind),
        *(() if kind == "placebo" else (_own_noise(series.n_treated),)),
        *(() if made_up is None else (_placebo_date(*made_up),)),
        no_spillover(),
    )


def _enough_units(few: int, kind: str) -> Assumption:
    enough = limit("clusters_minimum")
    return Assumption(
        name="enough units for the error",
        statement="the error is measured on enough units",
        tested=True,
        statistic=float(few),
        threshold=enough,
        state="holds" if few >= enough else "doubtful",
        finding=f"{few} units behind the {kind} error",
        advice=""
        if few >= enough
        else "read the permutation interval of the plain synthetic control beside it",
    )


def _own_noise(n_treated: int) -> Assumption:
    most = limit("jackknife_treated_maximum")
    return Assumption(
        name="the error is the treated units' own",
        statement="shocks that all treated units share are small beside their own noise",
        tested=True,
        statistic=float(n_treated),
        threshold=most,
        state="holds" if n_treated <= most else "doubtful",
        finding=f"{n_treated} treated units behind the jackknife error",
        advice=""
        if n_treated <= most
        else "the interval is too narrow: add donors until there are three a treated "
        "unit and take errors='placebo', or treat fewer units at a time",
    )


def _placebo_date(gap: float, p_value: float) -> Assumption:
    state = state_of_test(p_value)
    return placebo_date(
        gap,
        p_value,
        state=state,
        advice="the treated units drift from the weighted donors by themselves: look for "
        "donors that drift alike, or check the date",
    )
