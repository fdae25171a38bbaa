"""Metrics of cells against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, confusion_matrix, roc_auc_score

from assay.contract import CostMatrix
from assay.monitoring.estimation.cells import MOST_CELLS, cell_metrics, gather

COSTS = CostMatrix(
    unit="USD", true_positive=1, false_positive=450, true_negative=-3, false_negative=2600
)


@pytest.mark.parametrize("decimals", [16, 1])
def test_certain_outcomes_give_the_metrics_of_scikit_learn(decimals):
    rng = np.random.default_rng(1)
    scores = np.round(rng.random(800), decimals)
    labels = (rng.random(800) < scores).astype(float)
    cells = gather(scores, 0.4)
    found = cell_metrics(cells, cells.means(labels) * cells.n_rows, COSTS)
    assert found["auc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(labels, scores), abs=1e-12)
    tn, fp, fn, tp = confusion_matrix(labels, scores >= 0.4).ravel() / 800
    assert found["true_positive_share"] == pytest.approx(tp)
    assert found["false_positive_share"] == pytest.approx(fp)
    assert found["false_negative_share"] == pytest.approx(fn)
    assert found["true_negative_share"] == pytest.approx(tn)
    assert found["cost"] == pytest.approx(tp + 450 * fp - 3 * tn + 2600 * fn)
    assert found["accepted_default_share"] == pytest.approx(fn / (fn + tn))
    assert found["default_rate"] == pytest.approx(labels.mean())


def test_many_rows_are_gathered_and_no_cell_spans_the_threshold():
    rng = np.random.default_rng(2)
    scores = rng.random(50_000)
    labels = (rng.random(50_000) < scores).astype(float)
    cells = gather(scores, 0.4)
    assert len(cells.n_rows) <= MOST_CELLS + 1
    assert cells.n_rows.sum() == 50_000
    assert cells.n_rows[cells.is_adverse].sum() == np.count_nonzero(scores >= 0.4)
    found = cell_metrics(cells, cells.means(labels) * cells.n_rows, COSTS)
    assert found["auc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-5)
    assert found["brier"] == pytest.approx(brier_score_loss(labels, scores), abs=1e-6)


def test_one_outcome_alone_has_no_auc():
    cells = gather([0.1, 0.9], 0.5)
    assert np.isnan(cell_metrics(cells, np.zeros(2), COSTS)["auc"])
