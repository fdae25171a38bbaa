"""Group measures against fairlearn to 1e-9, by hand, and intervals against the truth.

fairlearn compares the extremes over all groups: the largest of our differences, and the
smallest of our ratios, are its figures.
"""

import fairlearn.metrics as oracle
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assay.errors import DataError
from assay.evaluation.fairness import disparities


def rng():
    return np.random.default_rng(0)


def members(values):
    """Return a group for each value, and one for those that are missing."""
    known = sorted({v for v in values if v == v})
    named = [(f"{v:g}", values == v) for v in known]
    missing = np.isnan(values)
    return [*named, ("missing", missing)] if missing.any() else named


@st.composite
def tables(draw):
    """Draw outcomes, decisions and groups: ties, constants, missing groups."""
    n_rows = draw(st.integers(4, 60))

    def column(values):
        return np.array(draw(st.lists(values, min_size=n_rows, max_size=n_rows)), float)

    labels = column(st.integers(0, 1))
    approved = column(st.sampled_from(draw(st.sampled_from([[0, 1], [1], [0, 1, 1]]))))
    return (
        labels,
        approved.astype(bool),
        column(st.sampled_from([1.0, 2.0, 3.0, float("nan")])),
    )


@given(table=tables())
@settings(max_examples=40)
def test_every_measure_is_fairlearns(table):
    # Rows twenty times: the measures stay and resamples of few rows lack none of them.
    labels, approved, values = (np.tile(column, 20) for column in table)
    groups = members(values)
    assume(len(groups) > 1)
    assume(approved.any())
    sensitive = np.array([next(n for n, m in groups if m[i]) for i in range(len(labels))])
    good = 1 - labels
    found = disparities(labels, approved, groups, rng=rng(), n_resamples=100)
    options = {"sensitive_features": sensitive}
    ratio = oracle.demographic_parity_ratio(good, approved, **options)
    assert min(each.approval_ratio.value for each in found) == pytest.approx(
        ratio, abs=1e-9
    )
    shares = oracle.MetricFrame(
        metrics=oracle.selection_rate, y_true=good, y_pred=approved, **options
    ).by_group
    assert {each.group: each.approval_share.value for each in found} == pytest.approx(
        shares.to_dict(), abs=1e-9
    )
    if all(((labels == 0) & m).any() for _, m in groups):
        expected = oracle.equal_opportunity_difference(good, approved, **options)
        assert max(each.equal_opportunity.value for each in found) == pytest.approx(
            expected, abs=1e-9
        )
        if all(((labels == 1) & m).any() for _, m in groups):
            expected = oracle.equalized_odds_difference(good, approved, **options)
            assert max(each.equalised_odds.value for each in found) == pytest.approx(
                expected, abs=1e-9
            )


def test_a_group_without_an_outcome_has_no_error_rate():
    labels = np.array([0, 0, 1, 1.0])
    approved = np.array([True, False, True, False])
    groups = [("a", labels == 0), ("b", labels == 1)]
    found = disparities(labels, approved, groups, rng=rng())
    assert all(each.equalised_odds is None for each in found)
    assert all(each.equal_opportunity is None for each in found)
    assert [each.approval_ratio.value for each in found] == [1.0, 1.0]


def test_where_nobody_is_approved_there_is_no_ratio():
    labels = np.tile([0, 0, 1, 1.0], 20)
    in_a = np.tile([True, False], 40)
    groups = [("a", in_a), ("b", ~in_a)]
    found = disparities(labels, np.zeros(80, bool), groups, rng=rng())
    assert all(each.approval_ratio is None for each in found)
    assert all(each.equal_opportunity.value == 0.0 for each in found)


def test_the_reference_is_the_large_group_that_is_approved_most():
    labels = np.zeros(103)
    approved = np.r_[np.arange(50) < 40, np.arange(50) < 20, [True] * 3]
    group = np.r_[np.zeros(50), np.ones(50), np.full(3, 2)]
    groups = [("a", group == 0), ("b", group == 1), ("c", group == 2)]
    found = disparities(labels, approved, groups, rng=rng(), min_rows=50)
    assert {each.reference for each in found} == {"a"}
    assert [each.approval_ratio.value for each in found] == [1.0, 0.5, 1.25]
    assert [each.equal_opportunity.value for each in found] == pytest.approx([0, 0.4, 0])
    smaller = disparities(labels, approved, groups, rng=rng(), min_rows=1000)
    assert {each.reference for each in smaller} == {"c"}


def test_the_intervals_hold_the_truth_as_often_as_they_say():
    draw = np.random.default_rng(4)
    share, n_worlds, hits = {"a": 0.6, "b": 0.75}, 300, {"ratio": 0, "odds": 0}
    for _ in range(n_worlds):
        group = draw.random(800) < 0.4
        labels = (draw.random(800) < 0.25).astype(float)
        chance = np.where(group, share["a"], share["b"]) - 0.2 * labels
        approved = draw.random(800) < chance
        groups = [("a", group), ("b", ~group)]
        found = disparities(labels, approved, groups, rng=draw, n_resamples=300)[0]
        truth = (0.6 - 0.05) / (0.75 - 0.05)
        hits["ratio"] += found.approval_ratio.low <= truth <= found.approval_ratio.high
        odds = found.equal_opportunity
        hits["odds"] += odds.low <= 0.15 <= odds.high
    for n_hits in hits.values():
        assert abs(n_hits / n_worlds - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / n_worlds)


@pytest.mark.parametrize(
    ("labels", "groups", "said"),
    [
        ([0, 1], [], "no group"),
        ([0, 1], [("a", [True])], "about the same rows"),
        ([0, 2], [("a", [True, True])], "1 of 2 labels are neither 0 nor 1"),
        ([0, np.nan], [("a", [True, True])], "1 of 2 labels are neither 0 nor 1"),
        ([0, 1], [("a", [True, True]), ("b", [True, False])], "1 rows are in two groups"),
        ([0, 1], [("a", [True, True]), ("b", [False, False])], "without a row: b"),
    ],
)
def test_groups_that_make_no_sense_are_refused(labels, groups, said):
    named = [(name, np.array(member)) for name, member in groups]
    with pytest.raises(DataError, match=said):
        disparities(np.array(labels, float), np.array([True, False]), named, rng=rng())
