"""Every result draws figures that can be saved, outside matplotlib's global state."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from assay.causal import differences, experiments
from assay.causal.time_series import interrupted_series


def results():
    rng = np.random.default_rng(0)
    units, periods = np.meshgrid(np.arange(60), np.arange(8), indexing="ij")
    start = np.repeat([4, 6, 0], 20)[units]
    on = (start > 0) & (periods >= start)
    frame = pd.DataFrame(
        {
            "y": (rng.normal(size=units.shape) + on).ravel(),
            "unit": units.ravel(),
            "period": periods.ravel(),
            "start": start.ravel(),
            "treated": (start.ravel() > 0).astype(int),
            "post": (periods.ravel() >= 4).astype(int),
            "arm": (units.ravel() % 2),
            "before": rng.normal(size=units.size),
        }
    )
    panel = {"outcome": "y", "unit_column": "unit", "period": "period", "cohort": "start"}
    study = differences.event_study(frame, **panel)
    yield study
    yield differences.honest_event_study(study, bounds=[1.0])
    yield differences.two_by_two(
        frame,
        outcome="y",
        treated="treated",
        post="post",
        cluster="unit",
        period="period",
    )
    yield differences.fixed_effects(
        frame.assign(on=on.ravel().astype(int)),
        outcome="y", treatment="on", absorbed=["unit", "period"], cluster="unit",
    )  # fmt: skip
    yield differences.group_time_effects(frame, **panel)
    yield differences.imputed_effects(frame, **panel)
    yield differences.interaction_weighted(frame, **panel)
    yield differences.bacon_decomposition(frame, **panel)
    arms = {"outcome": "y", "treated": "arm"}
    yield experiments.mean_difference(frame, **arms)
    yield experiments.cuped(frame, **arms, covariates=["before"])
    yield experiments.cluster_difference(frame, **arms, cluster="unit")
    yield experiments.sequential_test(
        frame, **arms, order="period", effect_scale=0.5, minimum_rows=10
    )
    alone = frame[frame["unit"] == 0].assign(on=lambda f: f["period"] // 2 % 2)
    yield experiments.switchback(alone, outcome="y", treated="on", period="period")
    series = pd.DataFrame({"y": rng.normal(size=60), "t": np.arange(60)})
    yield interrupted_series(series, outcome="y", period="t", start=40)


def test_every_result_draws_figures_that_can_be_saved():
    n_figures = 0
    for result in results():
        for name, figure in result.plots().items():
            page = io.BytesIO()
            figure.savefig(page, format="png", dpi=15)
            assert page.getvalue().startswith(b"\x89PNG"), name
            n_figures += 1
    assert n_figures >= 14
    assert plt.get_fignums() == []
