"""The quick engine is the trainer, to the last digits, or is not used."""

import dataclasses

import numpy as np
import pytest

from assay.bundle import Scorer
from assay.errors import BundleError
from assay.models.parity import feature_columns, parity_rows
from assay.reasons import REASONS, read_explainer
from assay.reasons.lookup import TreeLookup
from serving.scoring.engine import TreeEngine


def test_probabilities_are_the_trainers_on_thresholds_gaps_and_unseen_words(
    fitted, champion
):
    model, frame = fitted
    rows, kinds = parity_rows(model, frame, n_rows=6_000, seed=3)
    columns = feature_columns(rows, model.contract)
    names = [name for name, _ in champion.names]
    plain = [
        dict(zip(names, (None if v is None else v for v in values), strict=True))
        for values in zip(*(columns[name].tolist() for name in names), strict=True)
    ]
    matrix = champion.explainer.matrix(plain)
    alone = np.array([champion.engine.decide(row)[0] for row in matrix.tolist()])
    assert set(kinds) == {"drawn", "threshold", "missing", "unseen", "bounds"}
    assert np.abs(alone - model.probabilities(rows)).max() < 1e-12
    assert np.abs(champion.engine.probabilities(matrix) - alone).max() < 1e-12


def test_contributions_come_with_adverse_decisions_only(champion):
    matrix = champion.explainer.matrix(champion.bundle.golden.rows)
    expected = champion.explainer.contributions(matrix)
    seen = set()
    for row, of_row in zip(matrix.tolist(), expected, strict=True):
        probability, found = champion.engine.decide(row)
        is_adverse = probability >= champion.threshold
        seen.add(is_adverse)
        assert (found is not None) == is_adverse
        if found is not None:
            assert np.abs(found - of_row).max() < 1e-12
    assert seen == {True, False}


def test_a_table_that_scores_otherwise_than_the_graph_is_refused(champion, bundle):
    golden = bundle.golden
    content = bundle.documents[REASONS]
    table = read_explainer(
        content, bundle.contract, golden.rows, golden.probabilities
    ).table
    is_amount = table.columns % table.n_features == 0
    moved = np.nextafter(table.thresholds, np.inf)
    thresholds = np.where(is_amount, moved, table.thresholds)
    lookup = TreeLookup.of(dataclasses.replace(table, thresholds=thresholds))
    altered = dataclasses.replace(champion.explainer, table=lookup)
    with pytest.raises(BundleError, match="otherwise by its table"):
        TreeEngine.of(bundle, Scorer.of(bundle), altered)


def test_a_version_without_reasons_has_no_engine(without_reasons):
    assert without_reasons.engine is None
