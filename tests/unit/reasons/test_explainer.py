"""Contributions equal shap's and brute force; texts are ranked, few and allowed."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from assay.contract import find_contract
from assay.errors import BundleError, DataError
from assay.features import design_matrix
from assay.features.matrix import UNSEEN as UNSEEN_IN_TRAINING
from assay.models.trees import flat_trees
from assay.reasons import explainer_bytes, read_explainer, tree_table
from assay.reasons.audit import reasons_audit
from assay.reasons.explainer import UNSEEN
from assay.reasons.ranking import MOST, Texts, most_usual
from assay.reasons.tree_building import leaf_values
from tasks.reasons import explainer_of, reasons_document


def hostile(matrix, rng):
    """Rows with missing values, values at and beside others, and an unseen code."""
    rows = matrix[rng.integers(len(matrix), size=500)].copy()
    rows[rng.random(rows.shape) < 0.2] = np.nan
    rows[::7, -1] = UNSEEN
    rows[1::7] = np.nextafter(rows[1::7], np.inf)
    rows[0] = np.nan
    return rows


def shap_values(classifier, rows):
    shap = pytest.importorskip("shap")
    explainer = shap.TreeExplainer(classifier, feature_perturbation="tree_path_dependent")
    return explainer.shap_values(rows, check_additivity=False), float(
        np.ravel(explainer.expected_value)[0]
    )


def test_tree_contributions_are_those_of_shap(boosted, frame, contract):
    matrix, _ = design_matrix(frame, contract)
    rows = hostile(matrix, np.random.default_rng(1))
    expected, base = shap_values(boosted.pipeline[-1], rows)
    table = tree_table(flat_trees(boosted.pipeline[-1]), matrix.shape[1])
    assert np.abs(table.contributions(rows) - expected).max() < 1e-12
    assert abs(table.expected - base) < 1e-12


def test_tree_contributions_are_those_of_shap_on_taiwan(shared_data):
    contract = find_contract("taiwan_credit", Path("data/contracts"))
    frame = pd.read_parquet(shared_data / "credit_taiwan.parquet")
    matrix, _ = design_matrix(frame.head(6_000), contract)
    labels = frame["default_next_month"].head(6_000)
    model = HistGradientBoostingClassifier(max_iter=60, max_depth=4, random_state=0)
    model.fit(matrix, labels)
    rows = np.vstack((hostile(matrix, np.random.default_rng(2)), matrix[:500]))
    expected, _ = shap_values(model, rows)
    found = tree_table(flat_trees(model), matrix.shape[1]).contributions(rows)
    assert np.abs(found - expected).max() < 1e-12


@pytest.mark.parametrize("depth", [1, 3, 8])
def test_trees_of_any_depth_to_eight_agree_with_shap(depth, frame, contract):
    matrix, _ = design_matrix(frame, contract)
    model = HistGradientBoostingClassifier(
        max_iter=4, max_depth=depth, max_leaf_nodes=None, min_samples_leaf=2
    ).fit(matrix, frame["bad"])
    rows = hostile(matrix, np.random.default_rng(3))[:100]
    expected, _ = shap_values(model, rows)
    found = tree_table(flat_trees(model), matrix.shape[1]).contributions(rows)
    assert np.abs(found - expected).max() < 1e-12


def test_deeper_trees_are_refused(frame, contract):
    matrix, _ = design_matrix(frame, contract)
    model = HistGradientBoostingClassifier(
        max_iter=1, max_leaf_nodes=None, min_samples_leaf=1, max_depth=11
    ).fit(matrix, frame["bad"])
    with pytest.raises(DataError, match="max_depth = 8"):
        tree_table(flat_trees(model), matrix.shape[1])


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5),
    st.floats(-3, 3),
    st.integers(0, 31),
)
def test_a_leafs_values_are_the_mean_over_all_coalitions(shares, value, pattern):
    d = len(shares)
    met = [(pattern >> i) & 1 for i in range(d)]

    def game(inside):
        return value * math.prod(met[i] if i in inside else shares[i] for i in range(d))

    for own in range(d):
        others = [i for i in range(d) if i != own]
        expected = sum(
            math.factorial(k)
            * math.factorial(d - 1 - k)
            / math.factorial(d)
            * (game({*chosen, own}) - game(set(chosen)))
            for k in range(d)
            for chosen in combinations(others, k)
        )
        found = leaf_values(np.array([shares]), np.array([value]))
        assert found[0, pattern % 2**d, own] == pytest.approx(expected, abs=1e-12)


def test_linear_contributions_are_those_of_shap_summed_by_feature(
    linear, frame, contract
):
    shap = pytest.importorskip("shap")
    matrix, _ = design_matrix(frame, contract)
    seen = linear.pipeline["columns"].transform(matrix[linear.split.train])
    rows = hostile(matrix, np.random.default_rng(4))
    columns = linear.pipeline["columns"]
    oracle = shap.LinearExplainer(
        (linear.pipeline[-1].coef_[0], linear.pipeline[-1].intercept_[0]),
        shap.maskers.Independent(seen, max_samples=len(seen)),
    ).shap_values(columns.transform(rows))
    expected = np.zeros_like(rows)
    owners = np.r_[columns.numeric_, columns.flagged_, columns.coded_]
    np.add.at(expected.T, owners, oracle.T * linear.calibrator.slope)
    found = explainer_of(linear, frame).contributions(rows)
    assert np.abs(found - expected).max() < 1e-12


@pytest.mark.parametrize("kind", ["boosted", "linear"])
def test_contributions_add_up_to_the_calibrated_log_odds(kind, request, frame, contract):
    fitted = request.getfixturevalue(kind)
    explainer = explainer_of(fitted, frame)
    sums = explainer.contributions(design_matrix(frame, contract)[0]).sum(axis=1)
    log_odds = sums + explainer.table.expected
    found = 1 / (1 + np.exp(-log_odds))
    assert np.abs(found - fitted.probabilities(frame)).max() < 1e-12


def test_one_row_and_a_batch_give_the_same_bits(boosted, frame, contract):
    explainer = explainer_of(boosted, frame)
    matrix, _ = design_matrix(frame.head(70), contract)
    batch = explainer.contributions(matrix)
    singles = [explainer.contributions(matrix[i : i + 1])[0] for i in range(70)]
    assert (batch == np.array(singles)).all()


@pytest.mark.parametrize("kind", ["boosted", "linear"])
def test_the_file_repeats_and_reads_back(kind, request, frame, contract):
    fitted = request.getfixturevalue(kind)
    content = reasons_document(fitted, frame)
    assert content == reasons_document(fitted, frame)
    names = [field.name for field in contract.features]
    rows = frame[names].head(20).astype(object).to_dict("records")
    golden = fitted.probabilities(frame.head(20)).tolist()
    explainer = read_explainer(content, contract, rows, golden)
    assert explainer_bytes(explainer) == content
    assert explainer.reasons(rows) == explainer_of(fitted, frame).reasons(rows)
    with pytest.raises(BundleError, match="do not add up"):
        read_explainer(content, contract, rows, [golden[0] + 1e-6, *golden[1:]])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_a_file_that_does_not_read_is_refused(content, contract):
    with pytest.raises(BundleError, match="does not read"):
        read_explainer(content, contract, [{}], [0.5])


def test_plain_rows_become_the_rows_of_training(boosted, frame, contract):
    names = [field.name for field in contract.features]
    rows = frame[names].astype(object).to_dict("records")
    rows = [{k: None if v != v else v for k, v in row.items()} for row in rows]
    found = explainer_of(boosted, frame).matrix(rows)
    np.testing.assert_array_equal(found, design_matrix(frame, contract)[0])
    assert UNSEEN == UNSEEN_IN_TRAINING


def test_equal_texts_are_one_reason_by_their_sum(contract):
    # amount, rare amount, n_events, is_known, term.months, region
    (first, second) = Texts.of(contract).ranked(np.array([0.1, 0.3, 0.35, 9, 9, -1.0]))
    assert (first.text, first.field) == ("The amount", "rare amount")
    assert first.contribution == 0.4
    assert first.fields == ("amount", "rare amount")
    assert (second.text, second.contribution) == ("Number of events", 0.35)


def test_ties_keep_the_contracts_order_and_zero_is_no_reason(contract):
    texts = Texts.of(contract)
    names = [each.field for each in texts.ranked(np.array([0.5, 0, 0.5, 0, 0, 0.5]))]
    assert names == ["amount", "n_events", "region"]
    assert texts.ranked(np.zeros(6)) == ()


def test_only_features_with_a_text_are_named(contract):
    texts = Texts.of(contract)
    assert "Your age" not in texts.texts
    assert texts.texts == ("The amount", "Number of events", "Region")


def test_at_most_four_reasons():
    texts = Texts(tuple("abcdef"), tuple((i,) for i in range(6)), tuple("uvwxyz"))
    found = texts.ranked(np.array([1.0, 1.0, 4.0, 4.5, 5.0, 4.2]))
    assert [each.text for each in found] == ["e", "d", "f", "c"]
    assert len(found) == MOST
    assert texts.weightiest(np.arange(1.0, 7.0)) == set("cdef")


def test_a_text_that_carries_little_of_what_weighs_is_not_named():
    texts = Texts(tuple("abcd"), tuple((i,) for i in range(4)), tuple("wxyz"))
    named = [each.text for each in texts.ranked(np.array([6.0, 1.5, 2.5, -9.0]))]
    assert named == ["a", "c", "b"]  # 1.5 is 15 % of 10
    named = [each.text for each in texts.ranked(np.array([6.0, 1.49, 2.51, -9.0]))]
    assert named == ["a", "c"]
    assert texts.weightiest(np.array([6.0, 1.49, 2.51, -9.0])) == set("abc")


def test_the_weightiest_text_is_named_however_little_it_carries():
    texts = Texts(tuple("abcdefgh"), tuple((i,) for i in range(8)), tuple("stuvwxyz"))
    (only,) = texts.ranked(np.array([1.0, 1, 1.01, 1, 1, 1, 1, 1]))
    assert only.text == "c"


def test_the_usual_value_is_one_that_occurs(contract):
    nan = np.nan
    matrix = np.array(
        [[1, nan, 3, 1, 12, 2], [2, nan, 4, 1, 60, 2], [nan, nan, 5, 0, 60, nan]] * 2
    )
    np.testing.assert_array_equal(most_usual(matrix, contract), [1, nan, 4, 1, 60, 2])


def test_the_audit_finds_named_fields_heavier_than_random_ones(boosted, frame, contract):
    matrix, _ = design_matrix(frame, contract)
    adverse = matrix[boosted.decisions(frame)]
    explainer = explainer_of(boosted, frame)

    def probabilities(rows):
        sums = explainer.contributions(rows).sum(axis=1) + explainer.table.expected
        return 1 / (1 + np.exp(-sums))

    found = reasons_audit(
        explainer, probabilities, adverse, contract, rng=np.random.default_rng(0)
    )
    assert found.n_rows == len(adverse) >= found.n_named > 0
    assert found.named_lowers_share > 0.9 > found.random_lowers_share
    assert found.random_matches_share <= found.random_lowers_share
    assert math.isnan(found.named_flips_share)
    quiet = reasons_audit(
        *(explainer, probabilities, adverse, contract),
        rng=np.random.default_rng(0),
        noise=0.0,
        threshold=float(probabilities(adverse).max()) + 1e-9,
    )
    assert (quiet.same_share, quiet.first_same_share) == (1.0, 1.0)
    assert (quiet.named_flips_share, quiet.random_flips_share) == (1.0, 1.0)
