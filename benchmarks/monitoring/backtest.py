"""Back-tests of performance before labels; writes docs/results/monitoring_estimates.md.

Run: ``python -m benchmarks.monitoring.backtest``
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from assay.contract import CostMatrix
from assay.evaluation.interval import share_interval
from assay.monitoring.estimation import estimate_performance, fit_recalibration
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender

TARGET = Path("docs/results/monitoring_estimates.md")
COSTS = CostMatrix(unit="USD", false_positive=450, false_negative=2600)
N_MONTHS, N_ROWS, THRESHOLD = 500, 1_200, 0.15
WORLDS = (None, "population", "recession")
METRICS = ("default_rate", "cost", "brier", "auc")


def main() -> None:
    """Train on one period, estimate 500 later months a world, look at the outcomes."""
    rows = []
    for kind in WORLDS:
        held, seen = _coverage(kind)
        for name in METRICS:
            share = share_interval(held[name], N_MONTHS)
            rows.append(
                f"| {kind or 'none'} | {name.replace('_', ' ')} | {seen[name][0]:.4f} | "
                f"{seen[name][1]:.4f} | {share.value:.1%} [{share.low:.1%}, "
                f"{share.high:.1%}] |"
            )
            print(rows[-1], flush=True)
        TARGET.write_text(page(rows))


def page(rows: list[str]) -> str:
    """Return the document with the lines that are there so far."""
    return (
        "# Performance before labels, back-tested\n\n"
        "Written by `python -m benchmarks.monitoring.backtest`. For each of 500 "
        f"simulated months ({N_ROWS:,} applications) a calibration is fitted on its own "
        "4,000 labelled rows, intervals at 90 % are made without the month's labels, "
        "then held against the outcome of these rows. A drift of the population moves "
        "the inputs alone; a recession moves the law of default, where the estimate is "
        "void: `estimate_performance` says so once matured labels or a detector tell "
        "it. Here nothing tells it, to show what it would say.\n\n"
        "| drift | metric | mean estimate | mean truth | intervals that held it |\n"
        "|---|---|---:|---:|---|\n" + "\n".join(rows) + "\n"
    )


def _coverage(
    kind: str | None,
) -> tuple[dict[str, int], dict[str, tuple[float, float]]]:
    model = _model()
    rng = np.random.default_rng(1)
    start = date(2027, 1, 1)
    held = dict.fromkeys(METRICS, 0)
    sums = {name: [0.0, 0.0] for name in METRICS}
    for month in range(N_MONTHS):
        labelled = _rows(4_000, 50_000 + month, start, None)
        line = fit_recalibration(model(labelled), labelled["defaulted"])
        drift = Drift(kind, start) if kind else None  # type: ignore[arg-type] # a DriftKind
        current = _rows(N_ROWS, 90_000 + month, start + timedelta(60), drift)
        stated, labels = model(current), current["defaulted"].to_numpy()
        found = estimate_performance(
            stated, line, threshold=THRESHOLD, costs=COSTS, rng=rng
        ).metrics
        for name, truth in _truth(stated, labels).items():
            held[name] += found[name].low <= truth <= found[name].high
            sums[name][0] += found[name].value / N_MONTHS
            sums[name][1] += truth / N_MONTHS
    return held, {name: (one[0], one[1]) for name, one in sums.items()}


def _truth(stated: NDArray[np.float64], labels: NDArray[np.float64]) -> dict[str, float]:
    adverse = stated >= THRESHOLD
    cost = np.where(adverse, 450 * (1 - labels), 2600 * labels)
    gaps = stated[labels == 1][:, None] - stated[labels == 0]
    return {
        "default_rate": float(labels.mean()),
        "cost": float(cost.mean()),
        "brier": float(np.mean((stated - labels) ** 2)),
        "auc": float(np.mean((gaps > 0) + (gaps == 0) / 2)),
    }


def _rows(n_rows: int, seed: int, start: date, drift: Drift | None) -> pd.DataFrame:
    return simulate_lender(
        n_applicants=n_rows, start=start, days=30, seed=seed, drift=drift
    ).frame


def _model():  # noqa: ANN202 # a closure over the fitted pipeline
    text = make_column_selector(dtype_include=object)
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    classifier = HistGradientBoostingClassifier(
        max_iter=120, max_depth=4, learning_rate=0.08, random_state=0
    )
    pipeline = make_pipeline(
        make_column_transformer((encode, text), remainder="passthrough"), classifier
    )
    seen = _rows(40_000, 7, date(2026, 1, 1), None)
    drop = ["application_id", "applied_at", "defaulted", "age", "gender"]
    pipeline.fit(seen.drop(columns=drop), seen["defaulted"])
    return lambda frame: pipeline.predict_proba(frame.drop(columns=drop))[:, 1]


if __name__ == "__main__":
    main()
