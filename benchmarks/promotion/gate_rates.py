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

from assay.contract import read_contract
from assay.evaluation import (
    Interval,
    auc_interval,
    compare_on_holdout,
    delong_interval,
    share_interval,
)
from assay.evaluation.comparison import auc_gain
from assay.promotion import PromotionEvidence, decide_promotion
from assay.promotion.evidence import Origin

ROOT = Path(__file__).resolve().parents[2]
MARGIN = 0.02
N_ROWS = 2_000
N_RESAMPLES = 1_000  # the gate's own
N_THIN_WORLDS = 2_000
THIN = ((0.75, 10, 90), (0.75, 20, 180), (0.9, 10, 90), (0.9, 20, 180), (0.9, 40, 360))
COVERED = ("coverage, resamples", "coverage, DeLong")
WRONG = ("DeLong's lower end wrong", "our lower end wrong", "our upper end wrong")
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


def true_auc(variance: float) -> float:
    """Return the AUC of truth plus normal noise, by quadrature over both outcomes."""
    truth = np.linspace(-9, 9, 1_801)
    share = 1 / (1 + np.exp(1.2 - truth))
    bad, good = norm.pdf(truth) * share, norm.pdf(truth) * (1 - share)
    wins = norm.cdf((truth[:, None] - truth) / np.sqrt(2 * variance))
    return float(bad @ wins @ good / (bad.sum() * good.sum()))


def true_gain(noise: float) -> float:
    """Return the challenger's AUC minus the champion's."""
    return true_auc(0.5**2 + noise**2) - true_auc(0.7**2)


def passes(rng: np.random.Generator, noise: float) -> tuple[bool, Interval, Interval]:
    """Return whether one challenger keeps both AUC rules, and both intervals."""
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
    delong = auc_gain(labels, champion, challenger)
    evidence = PromotionEvidence(
        metrics={},
        has_champion=True,
        improvements=gains,
        auc_gain_delong=delong,
        origins={"improvements": Origin({"world": "simulated"})},
    )
    kept = [
        rule
        for rule in decide_promotion(CONTRACT, evidence).passes
        if rule.startswith("auc against the champion")
    ]
    return len(kept) == 2, gains["auc"], delong


def coverage(intervals: list[Interval], truth: float) -> Interval:
    """Return the share of intervals that hold the truth."""
    held = sum(found.low <= truth <= found.high for found in intervals)
    return share_interval(held, len(intervals))


def rows(n_worlds: int) -> Iterator[str]:
    """Yield a line of the table for each kind of challenger."""
    equal, at, worse = (
        brentq(lambda x, gain=gain: true_gain(x) - gain, 0.1, 4.0, xtol=1e-5)
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
        passed = share_interval(sum(kept for kept, _, _ in found), n_worlds)
        paired = coverage([each for _, each, _ in found], truth)
        delong = coverage([each for _, _, each in found], truth)
        yield f"| {name} | {truth:+.4f} | {stated} | {passed} | {paired} | {delong} |"


def thin_rows() -> Iterator[str]:
    """Yield how often the ends of one AUC's interval are wrong in a thin group."""
    for number, (auc, n_bad, n_good) in enumerate(THIN):
        rng = np.random.default_rng([11, number])
        labels = np.r_[np.zeros(n_good), np.ones(n_bad)]
        apart = np.sqrt(2) * norm.ppf(auc) * labels
        wrong = dict.fromkeys(("delong", "above", "below"), 0)
        for _ in range(N_THIN_WORLDS):
            chances = norm.cdf(rng.normal(size=len(labels)) + apart)
            ours = auc_interval(labels, chances)
            wrong["delong"] += delong_interval(labels, chances).low > auc
            wrong["above"] += ours.low > auc
            wrong["below"] += ours.high < auc
        cells = (str(share_interval(n, N_THIN_WORLDS)) for n in wrong.values())
        yield f"| {auc} | {n_bad} + {n_good} | {' | '.join(cells)} |"


def heading(*names: str) -> str:
    """Return the first two lines of a table."""
    return f"| {' | '.join(names)} |\n{'|---' * len(names)}|"


def main() -> None:
    """Write the page."""
    n_worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    table, thin = "\n".join(rows(n_worlds)), "\n".join(thin_rows())
    usual, ours = (1 + 0.025 * 199) / 201, 0.025
    page = f"""# The gate on challengers of known quality

Written by `OMP_NUM_THREADS=1 python -m benchmarks.promotion.gate_rates {n_worlds}`.
Do not edit.

{n_worlds} simulated worlds a line; the holdout has {N_ROWS:,} rows, about a quarter of
them bad. The contract lets the AUC lose {MARGIN}. A challenger passes if the lower ends
of both intervals, of {N_RESAMPLES:,} paired resamples and DeLong's, are above that. The
true gain is by quadrature; coverage is the share of intervals of 95 % that hold it.
Shares have Wilson's intervals.

{heading("challenger", "true gain in AUC", "stated", "passed", *COVERED)}
{table}

Ends are at (n + 1) p of the ordered resamples. The usual rule, n - 1 steps from the
first, leaves {usual:.2%} beyond each end with 200 resamples where {ours:.1%} is stated:
an interval of 95 % covered {1 - 2 * usual:.1%} by that alone.

## Thin groups

A slice or a month is judged by the lower end of its AUC. Scores are normal around two
means, {N_THIN_WORLDS:,} worlds a line; an end is wrong where it is beyond the true AUC,
stated is 2.5 %. `auc_interval` takes the outer ends of DeLong's interval on the log-odds
and Newcombe's.

{heading("true AUC", "bad + good rows", *WRONG)}
{thin}
"""
    (ROOT / "docs/results/promotion_gate.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
