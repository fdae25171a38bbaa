"""Leakage, parity, budget and reproduction."""

from dataclasses import replace

import pytest

from assay.promotion.evidence import ParityFound, Reproduction, Service, ShuffledLabels
from tests.unit.promotion.conftest import DIGEST, NOT_WHOLE, WHOLE, Figure

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("auc", "kept"),
    [(0.5, True), (0.53, True), (0.47, True), (0.531, False), (0.469, False)],
)
def test_three_standard_errors_off_one_half_are_borne_and_no_more(decided, auc, kept):
    found = decided(shuffled=ShuffledLabels(auc, 0.010000001, 3))
    assert found.promote == kept
    if not kept:
        assert found.failures[0].startswith(
            f"leakage, AUC after training on shuffled labels: {auc:.4f}, 3.10 standard "
            "errors off, 3 fits, must be within 3 standard errors of 0.5; from "
        )


def test_the_limit_itself_is_borne(decided):
    assert decided(shuffled=ShuffledLabels(0.875, 0.125, 3)).promote


@pytest.mark.parametrize("error", [0.0, -0.01, NAN, INF])
def test_a_standard_error_that_is_no_positive_number_is_refused(decided, error):
    [failure] = decided(shuffled=ShuffledLabels(0.5, error, 3)).failures
    assert failure == (
        "leakage, AUC after training on shuffled labels: no evidence, must be within 3 "
        "standard errors of 0.5; its standard error is no positive number"
    )


@pytest.mark.parametrize(
    "shuffled", [ShuffledLabels(NAN, 0.01, 3), ShuffledLabels(0.5, 0.01, 0)]
)
def test_no_fit_or_no_number_on_shuffled_labels_is_refused(decided, shuffled):
    [failure] = decided(shuffled=shuffled).failures
    assert failure.endswith(
        "shuffled labels: no evidence, must be within 3 standard errors of 0.5"
    )
    assert decided(shuffled=ShuffledLabels(0.5, 0.01, 1)).promote


@pytest.mark.parametrize(("high", "kept"), [(0.9, True), (0.901, False)])
def test_a_feature_that_predicts_too_well_alone_is_named(decided, high, kept):
    aucs = {**WHOLE.feature_aucs, "region": Figure(0.7, 0.6, high)}
    found = decided(feature_aucs=aucs)
    assert found.promote == kept
    if not kept:
        assert found.failures[0].startswith(
            "leakage, AUC of one feature alone: highest region 0.7000 [0.6000, 0.9010], "
            "too well: region, must be at most 0.9; from "
        )


def test_two_features_that_predict_too_well_are_both_named(decided):
    bad = Figure(0.97, 0.95, 0.99)
    aucs = {**WHOLE.feature_aucs, "income": bad, "region": bad}
    [failure] = decided(feature_aucs=aucs).failures
    assert "too well: income, region, must" in failure


@pytest.mark.parametrize("figure", NOT_WHOLE)
def test_a_feature_whose_own_auc_is_not_known_is_refused(decided, figure):
    aucs = {k: v for k, v in WHOLE.feature_aucs.items() if k not in ("debt", "region")}
    if figure is not None:
        aucs |= {"debt": figure, "region": figure}
    [failure] = decided(feature_aucs=aucs).failures
    assert failure == (
        "leakage, AUC of one feature alone: no evidence, must be at most 0.9; not known "
        "for debt, region"
    )


@pytest.mark.parametrize(
    ("parity", "kept"),
    [
        (ParityFound(1, 1e-9), True),
        (ParityFound(1, 0.0), True),
        (ParityFound(1, 1.1e-9), False),
        (ParityFound(0, 0.0), False),
        (ParityFound(10, NAN), False),
        (ParityFound(10, INF), False),
        (ParityFound(10, -1e-12), False),
    ],
)
def test_a_graph_must_answer_as_its_trainer(decided, parity, kept):
    assert decided(parity=parity).promote == kept


@pytest.mark.parametrize("figure", NOT_WHOLE[1:])
def test_a_time_that_is_no_number_is_refused(decided, figure):
    [failure] = decided(service=Service(figure, 1000)).failures
    assert failure.startswith(
        "99th percentile of the processor time of a row, ms: no evidence"
    )


@pytest.mark.parametrize(
    ("high", "size", "kept"),
    [
        (10.0, 1, True),
        (10.0, 1_000_000, True),
        (10.01, 1_000, False),
        (5.0, 1_000_001, False),
        (5.0, 0, False),
    ],
)
def test_the_budget_may_be_met_exactly(decided, high, size, kept):
    found = decided(service=Service(Figure(1.0, 0.5, high), size))
    assert found.promote == kept
    assert kept or len(found.failures) == 1


@pytest.mark.parametrize(
    "odd", ["", "abc", DIGEST[:-1], DIGEST.upper(), DIGEST + "a", "g" * 64]
)
def test_what_is_no_digest_reproduces_nothing(decided, odd):
    [failure] = decided(reproduction=Reproduction(odd, odd)).failures
    assert failure == "a second fit: no evidence, must give the same digest"


def test_a_second_fit_of_another_digest_is_refused(decided):
    other = "cd" * 32
    [failure] = decided(reproduction=Reproduction(DIGEST, other)).failures
    assert failure.startswith(
        "a second fit: cdcdcdcdcdcd for abababababab, must give the same digest; from "
    )
    [failure] = decided(reproduction=Reproduction(DIGEST, "")).failures
    assert failure.startswith("a second fit: nothing for abababababab, must")


def test_the_size_is_told_in_bytes(decided):
    service = replace(WHOLE.service, size_bytes=2_000_000)
    [failure] = decided(service=service).failures
    assert failure.startswith(
        "size of the graph: 2000000 bytes, must be at most 1 MB; from "
    )
