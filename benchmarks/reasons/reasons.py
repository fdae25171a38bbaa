"""Measure exact reasons and audit them; writes docs/results/reasons.md.

Run: ``PYTHONPATH=. OMP_NUM_THREADS=1 python benchmarks/reasons/reasons.py [DATA]``, with
DATA a folder of the public sets as Parquet; the default is ``../shared/data`` beside the
checkout.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shap  # type: ignore[import-untyped] # it has no types

from assay.contract import Contract, find_contract
from assay.features import design_matrix
from assay.models import Fitted, fit_challenger
from assay.models.estimators import log_odds_of_matrix
from assay.quality.rows import assess_rows
from assay.reasons import Explainer, explainer_bytes
from assay.reasons.audit import Audit, reasons_audit
from assay.reasons.ranking import LEAST_SHARE
from assay.reasons.whatif import WhatIfSearch
from assay.simulate.lender import simulate_lender
from tasks.reasons import explainer_of

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "python -m benchmarks reasons.reasons"
MOST_AUDITED = 10_000
SHARES = (0.0, 0.05, 0.1, 0.15, 0.2)
MOST_ASKED = 20
MOST_BOXES = 5_000
HEADER = "| | Taiwan credit | simulated lender |\n|---|---|---|\n"


def main() -> None:
    """Measure both sets and write the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    taiwan = pd.read_parquet(folder / "credit_taiwan.parquet")
    lender = simulate_lender(
        n_applicants=100_000,
        start=date(2024, 1, 1),
        days=300,
        seed=0,
        as_of=datetime(2027, 1, 1, tzinfo=UTC),
    ).frame
    columns = [measured("taiwan_credit", taiwan), measured("credit_default", lender)]
    lines = [
        f"| {name} | " + " | ".join(c[name] for c in columns) + " |"
        for name in columns[0]
    ]
    text = (
        f"# Exact reasons, measured\n\nWritten by `{COMMAND}`. Times are CPU time of one "
        "process; the method and what the shares mean: [reasons](../methods/reasons.md)."
        f"\n\n{HEADER}" + "\n".join(lines) + "\n"
    )
    (ROOT / "docs" / "results" / "reasons.md").write_text(text)
    print(text)


def measured(name: str, received: pd.DataFrame) -> dict[str, str]:
    """Return a column of the table."""
    contract = find_contract(name, ROOT / "data" / "contracts")
    rows = assess_rows(received, contract, as_of=datetime.now(tz=UTC)).accepted
    fitted = fit_challenger(rows, contract, n_resamples=100, folds=0)
    explainer = explainer_of(fitted, rows)
    matrix, _ = design_matrix(rows, contract)
    return {
        **_size(fitted, explainer, rows),
        **_speed(fitted, explainer, matrix[:1_000]),
        **_audited(fitted, explainer, matrix, contract),
        **_what_if(fitted, explainer, rows),
    }


def _size(fitted: Fitted, explainer: Explainer, rows: pd.DataFrame) -> dict[str, str]:
    seconds = _cpu_seconds(lambda: explainer_of(fitted, rows), 1)
    return {
        "trees, depth": "{max_iter}, {max_depth}".format(**fitted.parameters),
        "file, MB": f"{len(explainer_bytes(explainer)) / 1e6:.1f}",
        "made in, s": f"{seconds:.1f}",
    }


def _speed(fitted: Fitted, explainer: Explainer, rows: np.ndarray) -> dict[str, str]:
    oracle = shap.TreeExplainer(
        fitted.pipeline[-1], feature_perturbation="tree_path_dependent"
    )
    hostile = rows.copy()
    hostile[np.random.default_rng(0).random(rows.shape) < 0.1] = np.nan
    expected = oracle.shap_values(hostile, check_additivity=False)
    found = explainer.contributions(hostile) / fitted.calibrator.slope

    def singly() -> None:
        for position in range(len(rows)):
            explainer.texts.ranked(
                explainer.contributions(rows[position : position + 1])[0]
            )

    def by_shap() -> None:
        oracle.shap_values(rows, check_additivity=False)

    def one_by_one() -> None:
        for position in range(len(rows)):
            explainer.contributions(rows[position : position + 1])

    scale = 1e6 / len(rows)
    return {
        "largest difference from shap": f"{np.abs(found - expected).max():.1e}",
        "shap, us a row in a batch": f"{_cpu_seconds(by_shap, 3) * scale:.0f}",
        "Assay, us a row in a batch": (
            f"{_cpu_seconds(lambda: explainer.contributions(rows), 5) * scale:.0f}"
        ),
        "Assay, us a single row": f"{_cpu_seconds(one_by_one, 5) * scale:.0f}",
        "Assay, us a single row with its texts": f"{_cpu_seconds(singly, 5) * scale:.0f}",
    }


def _audited(
    fitted: Fitted, explainer: Explainer, matrix: np.ndarray, contract: Contract
) -> dict[str, str]:
    def probabilities(rows: np.ndarray) -> np.ndarray:
        return fitted.calibrator.probabilities(log_odds_of_matrix(fitted.pipeline, rows))

    adverse = matrix[probabilities(matrix) >= fitted.threshold][:MOST_AUDITED]

    def audit(least_share: float) -> Audit:
        texts = replace(explainer.texts, least_share=least_share)
        return reasons_audit(
            replace(explainer, texts=texts),
            probabilities,
            adverse,
            contract,
            rng=np.random.default_rng(0),
            threshold=fitted.threshold,
        )

    found = audit(LEAST_SHARE)
    return {
        "adverse rows, of them with a reason": f"{found.n_rows:,}, {found.n_named:,}",
        "named fields to usual: risk falls": f"{found.named_lowers_share:.1%}",
        "as many other fields to usual: risk falls": f"{found.random_lowers_share:.1%}",
        "the same, had the four best fields been named": (
            f"{audit(0.0).random_beside_best_share:.1%}"
        ),
        "other fields lower half as much as named": f"{found.random_half_share:.1%}",
        "other fields lower as much as named": f"{found.random_matches_share:.1%}",
        "decision ends: named fields to usual": f"{found.named_flips_share:.1%}",
        "decision ends: other fields to usual": f"{found.random_flips_share:.1%}",
        "same reasons under 1 % noise": f"{found.same_share:.1%}",
        "same first reason under 1 % noise": f"{found.first_same_share:.1%}",
        "same four weightiest texts under 1 % noise": f"{found.same_four_share:.1%}",
        **{
            f"least share {share:.0%}: reasons a row, same under noise, decision ends": (
                f"{each.mean_named:.2f}, {each.same_share:.1%}, "
                f"{each.named_flips_share:.1%}"
            )
            for share in SHARES
            for each in [audit(share)]
        },
    }


def _what_if(fitted: Fitted, explainer: Explainer, rows: pd.DataFrame) -> dict[str, str]:
    contract, threshold = fitted.contract, fitted.threshold

    def probability(row: Mapping[str, Any]) -> float:
        odds = log_odds_of_matrix(fitted.pipeline, explainer.matrix([row]))
        return float(fitted.calibrator.probabilities(odds)[0])

    names = [field.name for field in contract.features]
    plain = rows[names].astype(object).where(rows[names].notna(), None)
    adverse = [
        row
        for row in plain.head(5_000).to_dict("records")
        if probability(row) >= threshold
    ][:MOST_ASKED]
    search = WhatIfSearch(explainer, contract, threshold, probability)
    found, spent = [], []
    for row in adverse:
        start = time.process_time()
        found.append(search.nearest_change(row, most_boxes=MOST_BOXES))
        spent.append((time.process_time() - start) * 1e3)
    flips = [each for each in found if each.verdict == "flips"]
    n_exact = sum(each.gap == 0 for each in flips)
    gaps = [each.gap / each.distance for each in flips if each.gap > 0]
    middle, slow = np.quantile(spent, [0.5, 0.9])
    return {
        f"what-if on {len(found)} adverse rows: flips, cannot, not found": ", ".join(
            str(sum(each.verdict == verdict for each in found))
            for verdict in ("flips", "cannot_flip", "not_found")
        ),
        f"of those, nearest proven within {MOST_BOXES:,} boxes": f"{n_exact}",
        "median gap of the others, share of the distance": (
            f"{np.median(gaps):.0%}" if gaps else "none"
        ),
        "what-if, ms of CPU, median and p90": f"{middle:.0f}, {slow:.0f}",
    }


def _cpu_seconds(run: Callable[[], object], times: int) -> float:
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


if __name__ == "__main__":
    main()
