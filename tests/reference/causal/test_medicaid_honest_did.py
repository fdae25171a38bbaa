"""Medicaid expansion: event study, honest intervals, staggered effects.

The R package tests 1,000 points, 3.7e-4 apart, and simulates its first-stage critical
value with 1,000 draws; ours solves for the end with 100,000. Its ends are grid points
inside ours, hence the manifest's tolerance of 6e-4.
"""

import pytest

from assay.causal.differences import (
    event_study,
    group_time_effects,
    honest_event_study,
)


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("medicaid_honest_did")


@pytest.fixture(scope="module")
def study(case):
    frame = case.frame
    frame = frame[(frame["year"] < 2016) & (frame["yexp2"] != 2015)]
    return event_study(
        frame.assign(start=frame["yexp2"].where(frame["yexp2"] == 2014)),
        outcome="dins",
        unit_column="stfips",
        period="year",
        cohort="start",
    )


def test_the_event_study_agrees(case, study):
    case.assert_within("n rows", study.estimate.n)
    case.assert_within("event-study 2008..2012,2014,2015", study.coefficients)
    case.assert_within("SE (CRV1)", study.regression.standard_errors)


def test_relative_magnitude_intervals_match_the_r_package(case, study):
    honest = honest_event_study(study, bounds=[0.5, 1, 1.5, 2])
    case.assert_within("Relative magnitudes Mbar=.5,1,1.5,2 CI", honest.intervals)
    case.assert_within("breakdown Mbar", honest.breakdown)


def test_smoothness_intervals_match_the_r_package(case, study):
    bounds = [0, 0.01, 0.02, 0.03, 0.04, 0.05]
    honest = honest_event_study(study, restriction="smoothness", bounds=bounds)
    name = "Smoothness M=0,.01,.02,.03,.04,.05 CI"
    case.assert_within(name, honest.intervals)


@pytest.mark.parametrize(
    ("comparison", "quantity"),
    [
        ("never_treated", "CS full staggered sample, never-treated simple ATT, SE"),
        ("not_yet_treated", "CS not-yet-treated"),
    ],
)
def test_staggered_effects_on_the_full_sample_agree(case, comparison, quantity):
    estimate = group_time_effects(
        case.frame,
        outcome="dins",
        unit_column="stfips",
        period="year",
        cohort="yexp2",
        comparison=comparison,
    ).estimate
    case.assert_within(quantity, [estimate.value, estimate.standard_error])
