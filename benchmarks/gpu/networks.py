"""Networks against boosting and each other; writes docs/results/networks.md.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.gpu.networks [DATA_FOLDER]``. On a
processor; the splits are seeded, so the figures repeat on one build of torch.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from assay.contract import Contract, find_contract
from assay.features import design_matrix
from assay.models import Algorithm, split_rows, unfitted_pipeline
from assay.models.estimators import DEFAULTS, Parameters, fitted_on_matrix
from assay.networks.network import TOP
from assay.networks.plots import usage_of
from assay.quality.rows import assess_rows
from assay.simulate.lender import simulate_lender

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (0, 1, 2)
N_APPLICANTS = 20_000
PLAIN: Algorithm = "residual_network"
EXPERTS: Algorithm = "expert_network"
KINDS: tuple[Algorithm, ...] = ("boosting", PLAIN, "network_ensemble", EXPERTS)
EQUAL = "residual_network, as many weights a row as the experts"
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.gpu.networks"


def main() -> None:
    """Measure each contract and write the page."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    contracts = ROOT / "data" / "contracts"
    taiwan = find_contract("taiwan_credit", contracts)
    lender = find_contract("credit_default", contracts)
    received = {
        "Taiwan credit": (taiwan, pd.read_parquet(folder / "credit_taiwan.parquet")),
        "simulated lender": (lender, simulated(lender)),
    }
    parts = [
        part
        for title, (contract, rows) in received.items()
        for part in measured(title, contract, rows)
    ]
    (ROOT / "docs" / "results" / "networks.md").write_text(page(parts))


def simulated(contract: Contract) -> pd.DataFrame:
    """Return applications whose outcomes are known."""
    return simulate_lender(
        n_applicants=N_APPLICANTS,
        start=date(2025, 1, 1),
        days=365,
        seed=7,
        as_of=datetime(2026, 6, 1, tzinfo=UTC),
        maturity_days=contract.label.maturity_days,
    ).frame


def measured(title: str, contract: Contract, received: pd.DataFrame) -> list[str]:
    """Return the lines about one contract."""
    as_of = datetime(2026, 6, 1, tzinfo=UTC)
    rows = assess_rows(received, contract, as_of=as_of).accepted
    matrix, _ = design_matrix(rows, contract)
    labels = rows[contract.label.field].to_numpy(np.float64, na_value=np.nan)
    aucs: dict[str, list[float]] = {}
    weights: dict[str, int] = {}
    used = []
    for seed in SEEDS:
        split = split_rows(rows, contract, seed=seed)
        known = (matrix, labels, split.train, split.holdout)
        columns = 0
        for kind in KINDS:
            auc, classifier = fitted(contract, known, kind, {}, seed)
            aucs.setdefault(kind, []).append(auc)
            if hasattr(classifier, "network_"):
                columns = len(classifier.network_.encoding.owners)
                weights[kind] = touched(columns, DEFAULTS[kind], kind)
        shares = classifier.network_.shares(matrix[split.holdout])
        used.append(usage_of(shares))
        width = equal_width(columns, weights[EXPERTS])
        weights[EQUAL] = touched(columns, DEFAULTS[PLAIN] | {"width": width}, PLAIN)
        auc, _ = fitted(contract, known, PLAIN, {"width": width}, seed)
        aucs.setdefault(EQUAL, []).append(auc)
        print(
            title,
            seed,
            {k: round(v[-1], 4) for k, v in aucs.items()},
            used[-1],
            flush=True,
        )
    return [*table(title, len(rows), aucs, weights), "", verdict(aucs, used), ""]


def fitted(
    contract: Contract,
    known: tuple[np.ndarray, ...],
    kind: Algorithm,
    parameters: Parameters,
    seed: int,
) -> tuple[float, object]:
    """Return the AUC on the holdout, and the estimator."""
    matrix, labels, train, holdout = known
    pipeline = unfitted_pipeline(kind, contract, parameters, seed=seed)
    fitted_on_matrix(pipeline, matrix[train], labels[train])
    scores = pipeline[1:].decision_function(matrix[holdout])
    return float(roc_auc_score(labels[holdout], scores)), pipeline[-1]


def touched(n_columns: int, parameters: Parameters, kind: Algorithm) -> int:
    """Return the weights that one row's answer is computed with."""
    width, blocks = int(parameters["width"]), int(parameters["blocks"])
    one = n_columns * width + 2 * blocks * width * width + width * (2 + 2 * blocks) + 1
    if kind == EXPERTS:
        return TOP * one + n_columns * int(parameters["members"])
    return one * int(parameters["members"])


def equal_width(n_columns: int, n_weights: int) -> int:
    """Return the width of the plain network with about as many weights."""
    parameters = DEFAULTS[PLAIN]
    return min(
        range(8, 512),
        key=lambda width: abs(
            touched(n_columns, parameters | {"width": width}, PLAIN) - n_weights
        ),
    )


def table(
    title: str, n_rows: int, aucs: dict[str, list[float]], weights: dict[str, int]
) -> list[str]:
    """Return the table of one contract."""
    lines = [
        f"## {title}, {n_rows:,} rows",
        "",
        "| model | AUC, mean of the splits | each split | less boosting "
        "| weights touched a row |",
        "|---|---|---|---|---|",
    ]
    for name, values in aucs.items():
        less = np.mean(values) - np.mean(aucs["boosting"])
        each = ", ".join(f"{value:.4f}" for value in values)
        n_weights = f"{weights[name]:,}" if name in weights else "-"
        lines.append(
            f"| {name} | {np.mean(values):.4f} | {each} | {less:+.4f} | {n_weights} |"
        )
    return lines


def verdict(aucs: dict[str, list[float]], used: list[np.ndarray]) -> str:
    """Return what the experts reached, in words with the figures."""
    gains = np.subtract(aucs[EXPERTS], aucs[EQUAL])
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    low, high = float(np.min(used)), float(np.max(used))
    beats = gains.mean() > 2 * error
    said = "beats" if beats else "does not beat"
    spread = "within" if low >= 0.1 and high <= 0.4 else "NOT within"
    error_of = f"(standard error {error:.4f} over {len(gains)} splits)"
    return (
        f"The mixture of experts {said} the plain network at equal weights touched a "
        f"row: {gains.mean():+.4f} {error_of}. Use of the four experts, lowest and "
        f"highest over splits: {low:.1%} and {high:.1%}, {spread} 10 to 40 %."
    )


def page(parts: list[str]) -> str:
    """Return the page."""
    return "\n".join(
        [
            "# Networks",
            "",
            f"Written by `{COMMAND}`. Defaults of each model, the splits of the seeds "
            f"{', '.join(map(str, SEEDS))}; rows with a time have one split, so that "
            "only the networks' own draws differ there.",
            "",
            *parts,
        ]
    )


if __name__ == "__main__":
    main()
