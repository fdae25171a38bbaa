"""Measure models on public data; writes docs/results/models.md.

Run: ``OMP_NUM_THREADS=1 python benchmarks/models/holdout.py [DATA_FOLDER]``. The folder
holds the public sets as Parquet; the default is ``../shared/data`` beside the checkout.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from assay.bundle import Scorer
from assay.contract import Contract, find_contract, read_contract
from assay.contract.draft import draft_contract
from assay.features import design_matrix
from assay.models import Fitted, check_parity, cross_validated_auc, fit_challenger
from assay.models.estimators import fitted_on_matrix, unfitted_pipeline
from assay.models.parity import feature_columns
from assay.quality.rows import assess_rows

ROOT = Path(__file__).resolve().parents[2]
SETS = (
    ("Taiwan credit", "credit_taiwan", ""),
    ("Australian credit", "credit_australian", "target"),
    ("Online shoppers", "online_shoppers", "Revenue"),
)
HEADER = (
    *("data", "rows", "features", "scikit-learn, 5 folds", "boosting, 5 folds"),
    *("logistic, 5 folds", "boosting, holdout", "ECE, holdout"),
    "graph: largest difference on 10,000 rows",
)
COMMAND = "OMP_NUM_THREADS=1 python benchmarks/models/holdout.py"


def main() -> None:
    """Measure every set and write the tables."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    cards, times = [], []
    for title, file, label in SETS:
        received = pd.read_parquet(folder / f"{file}.parquet")
        contract = (
            read_contract(draft_contract(received, label, file))
            if label
            else find_contract("taiwan_credit", ROOT / "data" / "contracts")
        )
        as_of = datetime.now(tz=UTC)
        rows = assess_rows(received, contract, as_of=as_of).accepted
        fitted = fit_challenger(rows, contract)
        cards.append(_auc_row(title, rows, contract, fitted))
        times.append(_time_row(title, rows, contract, fitted))
        print(title, cards[-1], times[-1], sep="\n", flush=True)
    (ROOT / "docs" / "results" / "models.md").write_text(_page(cards, times))


def _auc_row(title: str, rows: pd.DataFrame, contract: Contract, fitted: Fitted) -> str:
    logistic = cross_validated_auc(rows, contract, algorithm="logistic")
    parity = check_parity(fitted.graph(), fitted, rows)
    cells = (
        title,
        f"{len(rows):,}",
        str(len(contract.features)),
        f"{_default_auc(rows, contract):.4f}",
        str(fitted.cross_validated_auc),
        str(logistic),
        str(fitted.evaluation.metrics["auc"]),
        str(fitted.evaluation.metrics["ece"]),
        f"{parity.largest_difference:.1e}",
    )
    return _row(cells)


def _default_auc(rows: pd.DataFrame, contract: Contract) -> float:
    """Return the mean AUC of scikit-learn's defaults on the same folds and features."""
    matrix, labels = design_matrix(rows, contract)[0], rows[contract.label.field]
    folds = StratifiedKFold(5, shuffle=True, random_state=0).split(matrix, labels)
    aucs = []
    for train, test in folds:
        model = HistGradientBoostingClassifier(random_state=0)
        model.fit(matrix[train], labels.iloc[train])
        scores = model.decision_function(matrix[test])
        aucs.append(roc_auc_score(labels.iloc[test], scores))
    return float(np.mean(aucs))


def _time_row(title: str, rows: pd.DataFrame, contract: Contract, fitted: Fitted) -> str:
    matrix, labels = design_matrix(rows, contract)[0], rows[contract.label.field]
    targets = labels.to_numpy()
    scorer = Scorer(fitted.graph(), contract)
    one, many = rows.head(1), rows.head(10_000)

    def graph(part: pd.DataFrame) -> Callable[[], object]:
        columns = feature_columns(part, contract)
        return lambda: scorer.probabilities(columns)

    ours, theirs = _seconds(
        lambda: fitted_on_matrix(
            unfitted_pipeline("boosting", contract), matrix, targets
        ),
        lambda: HistGradientBoostingClassifier().fit(matrix, targets),
        repeats=5,
    )
    row_graph, row_pipeline = _seconds(
        graph(one), lambda: fitted.pipeline.predict_proba(one), repeats=20, calls=20
    )
    batch_graph, batch_pipeline = _seconds(
        graph(many), lambda: fitted.pipeline.predict_proba(many), repeats=10
    )
    return (
        f"| {title} | {ours / theirs:.1f} | {row_pipeline / row_graph:.0f} | "
        f"{batch_pipeline / batch_graph:.1f} |"
    )


def _seconds(
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    repeats: int,
    calls: int = 1,
) -> tuple[float, float]:
    """Return median CPU seconds of two calls, taken in turn so that load hits both.

    A turn is `calls` calls, so that a short one is not timed with the other's caches.
    """
    spent: list[tuple[float, float]] = []
    for _ in range(repeats):
        pair = []
        for call in (first, second):
            start = time.process_time()
            for _ in range(calls):
                call()
            pair.append((time.process_time() - start) / calls)
        spent.append((pair[0], pair[1]))
    medians = np.median(spent, axis=0)
    return float(medians[0]), float(medians[1])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _page(cards: list[str], times: list[str]) -> str:
    return f"""# Models on public data

Written by `{COMMAND}`. Do not edit.

## AUC

Five folds, stratified and shuffled with seed 0; 95 % intervals by influence values for
the folds, by 1,000 resamples for the holdout (20 % of rows). Boosting is Assay's default
on the contract's features; protected fields are not among them. "scikit-learn" is its
HistGradientBoostingClassifier with its own defaults on the same features and folds. The
contracts of the Australian and shoppers' data are drafted, not written.

{_row(HEADER)}
{_row(["---"] * len(HEADER))}
{chr(10).join(cards)}

## Time, as ratios of CPU time on one thread

Times on a shared machine mean little; calls were made in turn and their medians divided.
"fit" is ours over scikit-learn's defaults (which may stop early); "row" and "batch" are
the scikit-learn pipeline from a frame over the graph, the graph's time including the
making of its inputs.

| data | fit, times slower | one row, times faster | 10,000 rows, times faster |
|---|---|---|---|
{chr(10).join(times)}
"""


if __name__ == "__main__":
    main()
