"""Who was exposed, by design, and the number that adjusts for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Options: TypeAlias = Mapping[str, Any]
Exposure: TypeAlias = Callable[[pd.DataFrame, Options], Floats]


def naive_difference(outcome: Floats, exposed: Floats) -> float:
    """Return the slope of the outcome on the exposure, nothing adjusted for.

    For an exposure of 0 and 1 it is the mean of the exposed rows minus that of all
    others: the number that a dashboard would show. NaN if the exposure does not vary.
    """
    centred = exposed - exposed.mean()
    spread = float(centred @ centred)
    if spread == 0:
        return float("nan")
    return float(centred @ (outcome - outcome.mean())) / spread


def column(name: str) -> Callable[[pd.DataFrame, Options], Floats]:
    """Return the exposure that a column holds; `name` is the option that names it."""

    def exposed(frame: pd.DataFrame, options: Options) -> Floats:
        return frame[options[name]].to_numpy(dtype=np.float64)

    return exposed


def treated_after(frame: pd.DataFrame, options: Options) -> Floats:
    """Return 1 for treated groups after the start, else 0."""
    return column("treated")(frame, options) * column("post")(frame, options)


def cohort_started(frame: pd.DataFrame, options: Options) -> Floats:
    """Return 1 from the start of a unit's cohort on, else 0; no cohort never starts."""
    cohort = frame[options["cohort"]].to_numpy(dtype=np.float64, na_value=np.nan)
    period = frame[options["period"]].to_numpy(dtype=np.float64)
    starts = np.where(np.isnan(cohort) | (cohort == 0), np.inf, cohort)
    return np.asarray(period >= starts, dtype=np.float64)


def after_start(frame: pd.DataFrame, options: Options) -> Floats:
    """Return 1 from the start of the treatment on, else 0."""
    period = frame[options["period"]].to_numpy(dtype=np.float64)
    return np.asarray(period >= options["start"], dtype=np.float64)


def treated_units(frame: pd.DataFrame, options: Options) -> Floats:
    """Return 1 for the treated units from the start on, else 0."""
    period = frame[options["period"]].to_numpy(dtype=np.float64)
    is_treated = frame[options["unit"]].isin(list(options["treated_units"])).to_numpy()
    return np.asarray(
        is_treated & (period >= options["treatment_start"]), dtype=np.float64
    )


def ruled(frame: pd.DataFrame, options: Options) -> Floats:
    """Return 1 on the side of the cutoff that the rule treats, else 0."""
    above = frame[options["running"]].to_numpy(dtype=np.float64) >= options["cutoff"]
    return np.asarray(above == options.get("treated_above", True), dtype=np.float64)
