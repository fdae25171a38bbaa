"""Importance of predictors for Proposition 99, and pysyncon's search beside ours."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pandas as pd

from assay.causal.synthetic import Series, predictor_fit, read_cells, read_series


def smoking(frame: pd.DataFrame) -> tuple[Series, np.ndarray]:
    """Return California's series and its predictors (treated first)."""
    series = read_series(
        read_cells(
            frame, unit="state", period="year", outcome="cigsale",
            treated_units=["California"], treatment_start=1989,
        )
    )  # fmt: skip
    units = ["California", *series.donor_names]
    wanted = [
        ("lnincome", 1980, 1988), ("retprice", 1980, 1988), ("age15to24", 1980, 1988),
        ("beer", 1984, 1988), ("cigsale", 1975, 1975), ("cigsale", 1980, 1980),
        ("cigsale", 1988, 1988),
    ]  # fmt: skip
    table = np.array(
        [
            frame[frame["year"].between(first, last)].groupby("state")[name].mean()[units]
            for name, first, last in wanted
        ]
    )
    return series, table


def predictor_rows(frame: pd.DataFrame, with_pysyncon: bool) -> list[str]:
    """Search importances from several starts; one start of pysyncon beside them."""
    series, table = smoking(frame)
    pre, target = series.donors[: series.n_pre], series.treated[: series.n_pre]
    lines = []
    for seed in range(6):
        start = time.process_time()
        fit = predictor_fit(target, pre, table[:, 0], table[:, 1:], n_starts=1, seed=seed)
        seconds = time.process_time() - start
        lines.append(f"| ours, start {seed} | {seconds:.2f} | {fit.mspe_pre:.3f} |")
        print(lines[-1])
    start = time.process_time()
    fit = predictor_fit(target, pre, table[:, 0], table[:, 1:])
    seconds = time.process_time() - start
    lines.append(f"| ours, six starts (default) | {seconds:.2f} | {fit.mspe_pre:.3f} |")
    print(lines[-1])
    if with_pysyncon:
        lines += pysyncon_rows(frame)
    return lines


def pysyncon_rows(frame: pd.DataFrame) -> list[str]:
    """Run pysyncon from its two initial points."""
    from pysyncon import Dataprep, Synth

    prepared = Dataprep(
        foo=frame, predictors=["lnincome", "retprice", "age15to24"],
        predictors_op="mean", time_predictors_prior=range(1980, 1989),
        special_predictors=[
            ("beer", range(1984, 1989), "mean"), ("cigsale", [1975], "mean"),
            ("cigsale", [1980], "mean"), ("cigsale", [1988], "mean"),
        ],
        dependent="cigsale", unit_variable="state", time_variable="year",
        treatment_identifier="California",
        controls_identifier=sorted(set(frame["state"]) - {"California"}),
        time_optimize_ssr=range(1970, 1989),
    )  # fmt: skip
    lines = []
    for initial in ("ols", "equal"):
        synth = Synth()
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            synth.fit(prepared, optim_method="Nelder-Mead", optim_initial=initial)
        seconds = time.process_time() - start
        lines.append(
            f"| pysyncon, {initial} start | {seconds:.2f} | {synth.mspe():.3f} |"
        )
        print(lines[-1])
    return lines
