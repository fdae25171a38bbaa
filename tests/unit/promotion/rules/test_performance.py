"""Floors, margins, calibration, cost and the shift of scores."""

import pytest

from tests.unit.promotion.conftest import CONTRACT, NOT_WHOLE, WHOLE, Figure


def with_metric(name, figure):
    metrics = {key: value for key, value in WHOLE.metrics.items() if key != name}
    return metrics if figure is None else {**metrics, name: figure}


def only_failure(found):
    [failure] = found.failures
    return failure


@pytest.mark.parametrize(
    ("name", "figure", "rule"),
    [
        ("auc", Figure(0.8, 0.69, 0.9), "auc: 0.8000 [0.6900, 0.9000], must be at least"),
        ("ece", Figure(0.01, 0.0, 0.06), "ece: 0.0100 [0.0000, 0.0600], must be at most"),
        ("calibration_slope", Figure(1.0, 0.79, 1.1), "calibration slope: 1.0000"),
        ("calibration_slope", Figure(1.0, 0.9, 1.26), "calibration slope: 1.0000"),
        ("calibration_intercept", Figure(0, -0.31, 0.2), "calibration intercept: 0.0"),
        ("calibration_intercept", Figure(0, -0.2, 0.31), "calibration intercept: 0.0"),
    ],
)
def test_a_metric_whose_worse_end_breaks_its_bound_is_refused(
    decided, name, figure, rule
):
    assert only_failure(decided(metrics=with_metric(name, figure))).startswith(rule)


@pytest.mark.parametrize("figure", NOT_WHOLE)
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("auc", "auc: no evidence"),
        ("ece", "ece: no evidence"),
        ("calibration_slope", "calibration slope: no evidence"),
        ("calibration_intercept", "calibration intercept: no evidence"),
    ],
)
def test_a_metric_that_is_missing_or_no_number_is_refused(decided, name, rule, figure):
    assert only_failure(decided(metrics=with_metric(name, figure))).startswith(rule)


@pytest.mark.parametrize("figure", NOT_WHOLE)
def test_an_improvement_that_is_missing_or_no_number_is_refused(decided, figure):
    gains = dict(WHOLE.improvements)
    del gains["brier"]
    if figure is not None:
        gains["brier"] = figure
    failure = only_failure(decided(improvements=gains))
    assert failure == "brier against the champion: no evidence, must gain at least 0.001"
    assert "by DeLong's interval: no evidence" in only_failure(
        decided(auc_gain_delong=figure)
    )
    assert "PSI: no evidence" in only_failure(decided(score_shift=figure))
    assert "cost saved" in only_failure(decided(cost_saved=figure))


@pytest.mark.parametrize(("low", "kept"), [(-0.01, True), (-0.0101, False)])
def test_non_inferiority_is_kept_up_to_the_margin_itself(decided, low, kept):
    gains = {**WHOLE.improvements, "auc": Figure(0.0, low, 0.02)}
    assert decided(improvements=gains).promote == kept


@pytest.mark.parametrize(("high", "kept"), [(-0.001, True), (-0.0009, False)])
def test_superiority_in_a_metric_that_is_better_lower_reads_the_upper_end(
    decided, high, kept
):
    gains = {**WHOLE.improvements, "brier": Figure(-0.01, -0.02, high)}
    found = decided(improvements=gains)
    assert found.promote == kept


def test_a_margin_of_nothing_asks_for_a_gain_of_at_least_nothing(decided):
    found = decided(CONTRACT.replace("auc = -0.01, brier", "auc = 0.0, brier"))
    assert any(
        rule.startswith("auc against the champion: ") and "must gain at least 0;" in rule
        for rule in found.passes
    )


def test_a_gain_that_only_the_bootstrap_sees_is_refused(decided):
    found = decided(auc_gain_delong=Figure(0.0, -0.02, 0.02))
    assert only_failure(found).startswith(
        "auc against the champion by DeLong's interval: +0.0000 [-0.0200, +0.0200], "
        "may lose at most 0.01; from "
    )


@pytest.mark.parametrize(("high", "kept"), [(0.25, True), (0.2501, False)])
def test_scores_that_moved_too_far_are_refused(decided, high, kept):
    assert decided(score_shift=Figure(0.2, 0.1, high)).promote == kept


@pytest.mark.parametrize(("low", "kept"), [(0.0, True), (-0.0001, False)])
def test_a_model_that_saves_nothing_is_refused(decided, low, kept):
    assert decided(cost_saved=Figure(0.1, low, 0.2)).promote == kept
