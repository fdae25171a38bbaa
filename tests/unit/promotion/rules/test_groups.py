"""Slices and months are judged where they are large enough."""

import pytest

from tests.unit.promotion.conftest import CONTRACT, NOT_WHOLE, WHOLE, Figure, group

THIN = Figure(0.8, 0.59, 0.95)


def test_a_group_in_which_the_model_ranks_badly_is_named(decided):
    slices = (*WHOLE.slices[1:], group("region", "north", auc=THIN))
    [failure] = decided(slices=slices).failures
    assert failure.startswith(
        "slice region = north, AUC of 400 rows: 0.8000 [0.5900, 0.9500], must be at least"
    )


@pytest.mark.parametrize("auc", NOT_WHOLE)
def test_a_large_group_without_an_auc_is_refused(decided, auc):
    slices = (*WHOLE.slices[1:], group("region", "north", auc=auc))
    [failure] = decided(slices=slices).failures
    assert failure.startswith("slice region = north, AUC of 400 rows: no evidence")


@pytest.mark.parametrize(
    ("n_rows", "n_positives", "is_judged"),
    [(100, 10, True), (99, 10, False), (100, 9, False), (99, 9, False)],
)
def test_a_group_is_judged_from_the_least_rows_and_bad_outcomes_on(
    decided, n_rows, n_positives, is_judged
):
    odd = group("region", "west", n_rows, n_positives, THIN)
    found = decided(slices=(*WHOLE.slices, odd))
    assert found.promote != is_judged
    sentences = found.failures if is_judged else found.notes
    assert any(s.startswith(f"slice region = west, AUC of {n_rows}") for s in sentences)


def test_a_field_without_any_large_group_has_no_evidence(decided):
    small = (group("region", "north", 50, 5), *WHOLE.slices[2:])
    [failure] = decided(slices=small).failures
    assert failure == (
        "slice region: no evidence, must have a group of at least 100 rows and 10 bad "
        "outcomes"
    )


def test_every_month_of_the_holdout_is_judged(decided):
    months = (*WHOLE.months, group("at", "2026-03", auc=THIN))
    [failure] = decided(months=months).failures
    assert failure.startswith("month = 2026-03, AUC of 400 rows: 0.8000 [0.5900")


def test_rows_without_a_time_need_no_month(decided):
    timeless = CONTRACT.replace("maturity_days = 90", "").replace(
        'name = "at"\ndtype = "timestamp"\nrole = "event_time"',
        'name = "at"\ndtype = "text"\nrole = "ignored"',
    )
    found = decided(timeless, months=())
    assert found.promote
    assert not any(rule.startswith("month") for rule in found.passes)
