"""Every stress test that the contract asks for is taken and borne."""

from dataclasses import replace

import pytest

from assay.promotion.evidence import StressResult
from tests.unit.promotion.conftest import CONTRACT, NOT_WHOLE, STRESS, Figure


def changed(kind, field, **parts):
    return tuple(
        replace(result, **parts)
        if (result.kind, result.field) == (kind, field)
        else result
        for result in STRESS
    )


@pytest.mark.parametrize("left_out", STRESS, ids=lambda r: f"{r.kind}-{r.field}")
def test_a_test_that_was_not_taken_is_a_failed_rule(decided, left_out):
    found = decided(stress=tuple(r for r in STRESS if r is not left_out))
    [failure] = found.failures
    assert "no evidence" in failure
    if left_out.kind != "recession":
        assert failure.endswith(f"must be tried on {left_out.field}")


@pytest.mark.parametrize(("n_tried", "n_refused"), [(20, 19), (0, 0), (-1, 0)])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing_refused", "a field that must be there is missing"),
        ("out_of_range", "a field is beyond its bounds"),
    ],
)
def test_a_row_that_is_taken_although_it_breaks_the_contract_is_named(
    decided, kind, words, n_tried, n_refused
):
    stress = changed(kind, "n_loans", n_tried=n_tried, n_refused=n_refused)
    [failure] = decided(stress=stress).failures
    assert failure.startswith(f"stress, {words}: ")
    assert "not all with n_loans, all must be refused" in failure


def test_one_row_that_is_refused_is_enough_to_have_tried(decided):
    stress = changed("out_of_range", "n_loans", n_tried=1, n_refused=1)
    assert decided(stress=stress).promote


@pytest.mark.parametrize(
    ("kind", "field", "limit"), [("missing_loss", "debt", 0.1), ("noise", "debt", 0.2)]
)
def test_the_worst_field_is_judged_at_its_upper_end(decided, kind, field, limit):
    at = changed(kind, field, found=Figure(0.0, 0.0, limit))
    assert decided(stress=at).promote
    above = changed(kind, field, found=Figure(0.0, 0.0, limit + 0.001))
    [failure] = decided(stress=above).failures
    assert f"worst debt 0.0000 [0.0000, {limit + 0.001:.4f}]" in failure
    assert f"above the limit debt, must be at most {limit}" in failure


@pytest.mark.parametrize("figure", NOT_WHOLE)
def test_a_figure_that_is_missing_or_no_number_is_refused(decided, figure):
    [failure] = decided(stress=changed("noise", "income", found=figure)).failures
    assert failure == (
        "stress, decisions flipped when a field is off by one unit: no evidence, must be "
        "at most 0.2; not a number for income"
    )
    [failure] = decided(stress=changed("recession", "simulated", found=figure)).failures
    assert failure == (
        "stress, AUC in a recession (simulated): no evidence, must be at least 0.6"
    )


@pytest.mark.parametrize(("low", "kept"), [(0.6, True), (0.599, False)])
def test_a_recession_is_judged_at_the_lower_end(decided, low, kept):
    stress = changed("recession", "simulated", found=Figure(0.7, low, 0.8))
    assert decided(stress=stress).promote == kept


def test_a_second_recession_is_judged_too(decided):
    worse = StressResult("recession", "deep", 100, found=Figure(0.5, 0.4, 0.6))
    [failure] = decided(stress=(*STRESS, worse)).failures
    assert "(deep)" in failure


def test_two_fields_above_the_limit_are_both_named(decided):
    bad = Figure(0.3, 0.2, 0.4)
    stress = tuple(
        replace(r, found=bad) if r.kind == "noise" and r.field != "income" else r
        for r in STRESS
    )
    [failure] = decided(stress=stress).failures
    assert "of 4 fields, above the limit debt, n_loans, age_of_account, must" in failure


def test_two_fields_without_a_number_are_both_named(decided):
    stress = tuple(
        replace(r, found=None) if r.kind == "missing_loss" else r for r in STRESS
    )
    [failure] = decided(stress=stress).failures
    assert failure.endswith("must be at most 0.1; not a number for income, debt")


def test_two_fields_that_let_rows_pass_are_both_named(decided):
    stress = tuple(
        replace(r, n_refused=0) if r.kind == "out_of_range" else r for r in STRESS
    )
    [failure] = decided(stress=stress).failures
    assert (
        "0 of 40 rows refused over 3 fields, not all with income, debt, n_lo" in failure
    )


def test_a_kind_that_no_field_can_take_is_no_rule(decided):
    text = CONTRACT.replace('nulls = "allow"\n[[field]]', "[[field]]")
    refused = tuple(
        StressResult("missing_refused", name, 5, 5) for name in ("income", "debt")
    )
    kept = tuple(result for result in STRESS if result.kind != "missing_loss")
    found = decided(text, stress=(*kept, *refused))
    assert found.promote
    assert not any("AUC lost" in rule for rule in found.passes)


def test_the_kinds_after_one_that_no_field_can_take_are_judged(decided):
    text = CONTRACT.replace('nulls = "allow"\n', "").replace(
        "[[field]]\n", '[[field]]\nnulls = "allow"\n'
    )
    found = decided(text, stress=STRESS[-1:])
    assert not any("must be there" in rule for rule in (*found.passes, *found.failures))
    assert [f.split(":")[0] for f in found.failures if f.startswith("stress")] == [
        "stress, a field is beyond its bounds",
        "stress, AUC lost when a field is missing",
        "stress, decisions flipped when a field is off by one unit",
    ]
