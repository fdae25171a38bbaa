"""A challenger is fitted on the past, measured on the future and the same each time."""

import numpy as np
import pandas as pd
import pytest

from assay.bundle import Golden, Scorer
from assay.errors import DataError
from assay.evaluation import delong_interval
from assay.evaluation.card import model_card
from assay.evaluation.profile import reference_profile
from assay.models import cost_threshold, cross_validated_auc, fit_challenger, golden_rows

QUICK = {"n_resamples": 100, "folds": 0}


def test_the_same_rows_and_seed_give_the_same_bytes_and_evidence(rows_of, contract):
    rows = rows_of(600, 5)
    before = rows.copy(deep=True)
    first, second = (fit_challenger(rows, contract, seed=4, **QUICK) for _ in range(2))
    assert first.graph() == second.graph()
    assert first.evaluation == second.evaluation
    assert first.importance == second.importance
    assert golden_rows(first, rows) == golden_rows(second, rows)
    assert fit_challenger(rows, contract, seed=5, **QUICK).graph() != first.graph()
    pd.testing.assert_frame_equal(rows, before)


def test_labels_of_the_holdout_change_nothing_but_the_evidence(rows_of, timed_contract):
    rows = rows_of(800, 6)
    fitted = fit_challenger(rows, timed_contract, search_trials=2, **QUICK)
    flipped = rows.copy()
    column = flipped.columns.get_loc("bad")
    flipped.iloc[fitted.split.holdout, column] = 1 - fitted.holdout_labels
    again = fit_challenger(flipped, timed_contract, search_trials=2, **QUICK)
    assert again.graph() == fitted.graph()
    assert again.parameters == fitted.parameters
    found = again.evaluation.metrics["auc"].value
    assert found == pytest.approx(1 - fitted.evaluation.metrics["auc"].value)


def test_rows_without_a_label_are_counted_and_left_out(rows_of, timed_contract):
    rows = rows_of(800, 7)
    young = rows["at"] > "2025-11-01"
    fitted = fit_challenger(
        rows.assign(bad=rows["bad"].mask(young)), timed_contract, **QUICK
    )
    assert fitted.split.n_unlabelled == young.sum() > 0
    assert rows["at"].iloc[fitted.split.holdout].max() <= pd.Timestamp(
        "2025-11-01", tz="UTC"
    )


def test_the_evidence_is_about_the_holdout_and_the_model_is_what_scores(fitted, frame):
    holdout = frame.iloc[fitted.split.holdout]
    np.testing.assert_array_equal(
        fitted.probabilities(holdout), fitted.holdout_probabilities
    )
    assert fitted.evaluation.auc_delong == delong_interval(
        holdout["bad"], fitted.probabilities(holdout)
    )
    assert fitted.threshold == cost_threshold(fitted.contract.decision.costs) == 0.2
    adverse = fitted.decisions(holdout)
    assert adverse.mean() == pytest.approx(
        1 - fitted.evaluation.metrics["approval_share"].value
    )


def test_the_truth_is_learned_better_than_by_the_baseline_or_as_well(fitted):
    assert fitted.evaluation.metrics["auc"].low > 0.7
    assert 0.6 < fitted.evaluation.metrics["calibration_slope"].value < 1.5
    gain = fitted.over_baseline["auc"]
    difference = (
        fitted.evaluation.metrics["auc"].value - fitted.baseline.metrics["auc"].value
    )
    assert gain.value == pytest.approx(difference)
    assert list(fitted.importance)[:2] == ["amount", "n_events"]
    assert {each.field for each in fitted.slices} == {"group", "age"}


def test_logistic_regression_is_its_own_baseline(linear):
    assert linear.baseline == linear.evaluation
    assert linear.over_baseline["auc"].value == 0


def test_a_label_whose_meaning_turns_round_is_refused(rows_of, timed_contract):
    rows = rows_of(2_000, 8)
    turned = rows.assign(bad=rows["bad"].where(rows.index < 1_290, 1 - rows["bad"]))
    with pytest.raises(DataError, match=r"slope -.* ranks bad cases below good ones"):
        fit_challenger(turned, timed_contract, **QUICK)


def test_progress_is_told_from_the_first_stage_to_the_last(rows_of, contract):
    seen = []
    fit_challenger(
        rows_of(500, 1),
        contract,
        algorithm="logistic",
        search_trials=2,
        n_resamples=100,
        folds=2,
        progress=lambda stage, share: seen.append((stage, share)),
    )
    assert [stage for stage, _ in seen] == [
        *["search"] * 2,
        *["fit"] * 2,
        "baseline",
        "evaluation",
        *["cross-validation"] * 2,
    ]


def test_a_cross_validated_auc_is_near_the_holdouts(fitted, frame, contract):
    found = cross_validated_auc(frame, contract, folds=3)
    assert found == fitted.cross_validated_auc
    assert found.value == pytest.approx(fitted.evaluation.metrics["auc"].value, abs=0.05)
    assert found.high - found.low < 0.05


def test_folds_in_time_use_only_later_rows(rows_of, timed_contract):
    found = cross_validated_auc(rows_of(900, 2), timed_contract, algorithm="logistic")
    assert 0.75 < found.low < found.value < found.high < 1


def test_golden_rows_keep_to_the_contract_and_hold_every_kind(fitted, frame):
    golden = golden_rows(fitted, frame, n=40)
    assert len(golden.rows) == len(golden.probabilities) == 40
    assert any(row["amount"] is None for row in golden.rows)
    assert any(row["amount"] == 100 for row in golden.rows)
    known = ("south", "north", "east", "west", None)
    assert any(row["region"] not in known for row in golden.rows)
    assert all(row["n_events"] is not None for row in golden.rows)
    kinds = {name: {type(row[name]) for row in golden.rows} for name in golden.rows[0]}
    assert kinds["n_events"] == kinds["term.months"] == {int}
    assert kinds["is_known"] == {bool, type(None)}
    assert kinds["region"] == {str, type(None)}
    names = [field.name for field in fitted.contract.features]
    read = Golden.model_validate_json(golden.model_dump_json())
    columns = {name: [row[name] for row in read.rows] for name in names}
    scores = Scorer(fitted.graph(), fitted.contract).probabilities(columns)
    np.testing.assert_array_equal(scores, np.array(golden.probabilities))


def test_a_card_holds_the_evidence_of_its_version(fitted):
    text = model_card(
        fitted.contract,
        algorithm=fitted.algorithm,
        parameters=fitted.parameters,
        n_rows=fitted.split.sizes,
        evaluation=fitted.evaluation,
        baseline=fitted.baseline,
        over_baseline=fitted.over_baseline,
        cross_validated_auc=fitted.cross_validated_auc,
        slices=fitted.slices,
        importance=fitted.importance,
        provenance={"snapshot": "abc123"},
    )
    assert "| snapshot | abc123 |" in text
    assert f"| area under the ROC curve | {fitted.evaluation.metrics['auc']} |" in text
    assert str(fitted.cross_validated_auc) in text
    for found in fitted.slices:
        assert f"| {found.field} | {found.group} | {found.n_rows:,} |" in text
    for section in text.split("## "):
        lines = [line for line in section.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_a_reference_profile_counts_every_row_once(fitted, frame):
    found = reference_profile(frame, fitted.contract, fitted.probabilities(frame))
    for name, feature in found["features"].items():
        counts = feature["counts"]
        n_known = sum(counts.values() if isinstance(counts, dict) else counts)
        assert n_known + feature["n_missing"] + feature.get("n_unseen", 0) == 3_000, name
    assert found["features"]["region"]["n_unseen"] == (frame["region"] == "west").sum()
    assert found["features"]["amount"]["n_missing"] == frame["amount"].isna().sum()
    assert sum(found["score"]["counts"]) == 3_000
    amount = found["features"]["amount"]
    inside = (frame["amount"] >= amount["edges"][0]) & (
        frame["amount"] < amount["edges"][1]
    )
    assert amount["counts"][1] == inside.sum()
    assert amount["quantiles"][50] == frame["amount"].median()
