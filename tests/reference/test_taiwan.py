"""AUC on public data against published and measured figures.

The reference is the manifest of the shared data: scikit-learn 1.9.1, boosting with its
defaults, all columns, StratifiedKFold(5, shuffle=True, random_state=0): 0.7818 on Taiwan,
where 0.78 to 0.79 is widely published for tuned boosting. Ours leaves SEX, AGE and
MARRIAGE out, keeps to depth 4 and must reach 0.782 on the same folds, which is no
tolerance but the demand itself. Standard errors of the means are 0.003 (Taiwan), 0.009
(Australian) and 0.004 (shoppers); scripts and figures: benchmarks/models/holdout.py.
"""

from datetime import UTC, datetime

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from assay.contract import find_contract, read_contract
from assay.contract.draft import draft_contract
from assay.features import design_matrix
from assay.models import check_parity, cross_validated_auc, fit_challenger
from assay.models.estimators import fitted_on_matrix, unfitted_pipeline
from assay.quality.rows import assess_rows
from deployments.environment import project_root

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def taiwan(shared_data):
    contract = find_contract("taiwan_credit", project_root() / "data" / "contracts")
    received = pd.read_parquet(shared_data / "credit_taiwan.parquet")
    return assess_rows(received, contract, as_of=AS_OF).accepted, contract


def test_the_known_counts_of_taiwan_are_met(taiwan):
    rows, contract = taiwan
    assert len(rows) == 30_000
    assert rows[contract.label.field].sum() == 6_636
    assert rows["LIMIT_BAL"].mean() == pytest.approx(167_484.32, abs=0.005)


def test_five_fold_auc_on_taiwan_reaches_the_published_one_without_protected_fields(
    taiwan,
):
    rows, contract = taiwan
    found = cross_validated_auc(rows, contract, folds=5, seed=0)
    assert found.value >= 0.782
    assert found.low > 0.77
    names = {field.name for field in contract.features}
    assert not names & {"SEX", "AGE", "MARRIAGE"}


def test_the_mean_over_folds_is_scikit_learns(taiwan):
    rows, contract = taiwan
    matrix, _ = design_matrix(rows, contract)
    labels = rows[contract.label.field].to_numpy()
    aucs = []
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for train, test in folds.split(matrix, labels):
        pipeline = unfitted_pipeline("logistic", contract)
        fitted_on_matrix(pipeline, matrix[train], labels[train])
        scores = pipeline.decision_function(rows.iloc[test])
        aucs.append(roc_auc_score(labels[test], scores))
    found = cross_validated_auc(rows, contract, algorithm="logistic")
    assert found.value == pytest.approx(sum(aucs) / 5, abs=1e-12)


def test_the_graph_of_taiwan_is_exact_and_beats_the_baseline(taiwan):
    rows, contract = taiwan
    fitted = fit_challenger(rows, contract, n_resamples=200, folds=0)
    assert check_parity(fitted.graph(), fitted, rows).largest_difference <= 4e-15
    assert fitted.over_baseline["auc"].low > 0.04
    assert fitted.evaluation.metrics["ece"].high < contract.gates.floors["ece"]


@pytest.mark.parametrize(
    ("file", "label", "published"),
    [("credit_australian", "target", 0.929), ("online_shoppers", "Revenue", 0.931)],
)
def test_a_drafted_contract_reaches_the_published_auc(
    shared_data, file, label, published
):
    received = pd.read_parquet(shared_data / f"{file}.parquet")
    contract = read_contract(draft_contract(received, label, file))
    rows = assess_rows(received, contract, as_of=AS_OF).accepted
    assert len(rows) == len(received)
    found = cross_validated_auc(rows, contract)
    assert found.value >= published - 0.001
