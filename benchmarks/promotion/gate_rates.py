"""How often the gate passes challengers whose true quality is known.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.promotion.gate_rates [WORLDS]``. Writes
docs/results/promotion_gate.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from assay.contract import read_contract
from assay.evaluation import Interval, compare_on_holdout, share_interval
from assay.evaluation.comparison import auc_gain
from assay.promotion import PromotionEvidence, decide_promotion
from assay.promotion.evidence import Origin

ROOT = Path(__file__).resolve().parents[2]
MARGIN = 0.02
N_ROWS = 2_000
N_RESAMPLES = 200
CONTRACT = read_contract(
    f"""
name = "known"
revision = 1
purpose = "known truth"
owner = "benchmarks"
label = {{ field = "bad" }}
decision.name = "lend"
decision.positive_action = "decline"
decision.negative_action = "approve"
decision.costs = {{ unit = "USD", false_positive = 1, false_negative = 5 }}
gates.floors = {{ auc = 0.5 }}
gates.margins = {{ auc = {-MARGIN} }}
[[field]]
name = "x"
dtype = "number"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""
)


def world(
    rng: np.random.Generator, n_rows: int, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, the champion's scores and those of a challenger with noise."""
    truth = rng.normal(size=n_rows)
    labels = (rng.random(n_rows) < 1 / (1 + np.exp(1.2 - truth))).astype(float)
    shared, own = rng.normal(size=(2, n_rows))
    champion = norm.cdf(truth + 0.7 * shared)
    return labels, champion, norm.cdf(truth + 0.5 * shared + noise * own)


def true_gain(noise: float, n_rows: int = 1_000_000) -> float:
    """Return the challenger's AUC minus the champion's on a million rows."""
    labels, champion, challenger = world(np.random.default_rng(1), n_rows, noise)
    return roc_auc_score(labels, challenger) - roc_auc_score(labels, champion)


def passes(rng: np.random.Generator, noise: float) -> tuple[bool, Interval]:
    """Return whether one challenger keeps both AUC rules, and its paired gain."""
    labels, champion, challenger = world(rng, N_ROWS, noise)
    gains = compare_on_holdout(
        labels,
        champion,
        challenger,
        champion_threshold=0.5,
        challenger_threshold=0.5,
        costs=CONTRACT.decision.costs,
        rng=rng,
        n_resamples=N_RESAMPLES,
    )
    evidence = PromotionEvidence(
        metrics={},
        has_champion=True,
        improvements=gains,
        auc_gain_delong=auc_gain(labels, champion, challenger),
        origins={"improvements": Origin({"world": "simulated"})},
    )
    kept = [
        rule
        for rule in decide_promotion(CONTRACT, evidence).passes
        if rule.startswith("auc against the champion")
    ]
    return len(kept) == 2, gains["auc"]


def rows(n_worlds: int) -> Iterator[str]:
    """Yield a line of the table for each kind of challenger."""
    equal, at, worse = (
        brentq(lambda x, gain=gain: true_gain(x, 200_000) - gain, 0.1, 4.0, xtol=1e-3)
        for gain in (0.0, -MARGIN, -2.5 * MARGIN)
    )
    kinds = (
        ("better", 0.1, "passes"),
        ("equal", equal, "passes"),
        ("worse by the margin itself", at, "passes at most 2.5 %"),
        ("worse by 2.5 margins", worse, "is refused"),
    )
    for number, (name, noise, stated) in enumerate(kinds):
        truth = true_gain(noise)
        rng = np.random.default_rng([7, number])
        found = [passes(rng, noise) for _ in range(n_worlds)]
        passed = share_interval(sum(kept for kept, _ in found), n_worlds)
        held = sum(gain.low <= truth <= gain.high for _, gain in found)
        covered = share_interval(held, n_worlds)
        yield f"| {name} | {truth:+.4f} | {stated} | {passed} | {covered} |"


def main() -> None:
    """Write the page."""
    n_worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    table = "\n".join(rows(n_worlds))
    page = f"""# The gate on challengers of known quality

Written by `OMP_NUM_THREADS=1 python -m benchmarks.promotion.gate_rates {n_worlds}`.
Do not edit.

{n_worlds} simulated worlds a line; the holdout has {N_ROWS:,} rows, about a quarter of
them bad. The contract lets the AUC lose {MARGIN}. A challenger passes if the lower ends
of both intervals, of {N_RESAMPLES} paired resamples and DeLong's, are above that. The
true gain is that of a million rows; coverage is the share of paired bootstrap intervals
of 95 % that hold it. Shares have Wilson's intervals.

| challenger | true gain in AUC | stated | passed | coverage |
|---|---|---|---|---|
{table}
"""
    (ROOT / "docs/results/promotion_gate.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
