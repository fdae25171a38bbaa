"""What a profile judges is judged at the worse end; what it does not is shown."""

from dataclasses import replace

import pytest

from assay.promotion.evidence import Proxy
from tests.unit.promotion.conftest import (
    CONTRACT,
    NOT_WHOLE,
    WHOLE,
    Figure,
    alternative,
    disparity,
)

A, B, MISSING = WHOLE.fairness


def profile(name):
    return CONTRACT.replace(
        'profile = "four_fifths_and_error_rates"', f'profile = "{name}"'
    )


MEASURES = [
    ("approval_ratio", "approval ratio", Figure(0.9, 0.8, 1.0), Figure(0.9, 0.79, 1.0)),
    (
        "equal_opportunity",
        "equal opportunity difference",
        Figure(0.05, 0.0, 0.1),
        Figure(0.05, 0.0, 0.11),
    ),
    (
        "equalised_odds",
        "equalised odds difference",
        Figure(0.05, 0.0, 0.15),
        Figure(0.05, 0.0, 0.16),
    ),
]


@pytest.mark.parametrize(("attribute", "words", "kept", "broken"), MEASURES)
def test_a_group_is_judged_at_the_end_that_speaks_against(
    decided, attribute, words, kept, broken
):
    assert decided(fairness=(replace(A, **{attribute: kept}), B)).promote
    [failure] = decided(fairness=(replace(A, **{attribute: broken}), B)).failures
    assert failure.startswith(f"{words} of gender = a against b: ")


@pytest.mark.parametrize(("attribute", "words", "kept", "broken"), MEASURES)
@pytest.mark.parametrize("figure", NOT_WHOLE)
def test_a_disparity_that_is_missing_or_no_number_is_refused(
    decided, attribute, words, kept, broken, figure
):
    assert kept != broken
    [failure] = decided(fairness=(replace(A, **{attribute: figure}), B)).failures
    assert failure.startswith(f"{words} of gender = a against b: no evidence")
    shown = decided(fairness=(A, B, replace(MISSING, **{attribute: figure}))).notes
    assert any(f"{words} of gender = missing against b: not defined" in s for s in shown)


@pytest.mark.parametrize(
    ("name", "n_judged"),
    [
        ("report", 0),
        ("four_fifths", 1),
        ("error_rates", 2),
        ("four_fifths_and_error_rates", 3),
    ],
)
def test_a_profile_says_what_is_judged(decided, name, n_judged):
    bad = Figure(0.5, 0.4, 0.6)
    worst = replace(A, approval_ratio=bad, equal_opportunity=bad, equalised_odds=bad)
    proxies = (Proxy("gender", "a", 300, Figure(0.95, 0.9, 0.99), None),)
    found = decided(profile(name), fairness=(worst, B), proxies=proxies)
    assert sum("against b" in rule for rule in found.failures) == n_judged
    assert any("inputs predict" in f for f in found.failures) == (name != "report")
    shown = [s for s in found.notes if f"not judged under profile {name}" in s]
    n_groups = 2
    assert len(shown) == (3 - n_judged) * n_groups + (name == "report")
    told = [s for s in found.passes if "less discriminatory" in s]
    assert len(told) == name.startswith("four_fifths")


@pytest.mark.parametrize(("n_rows", "kept"), [(100, True), (99, False)])
def test_two_groups_must_be_large_enough(decided, n_rows, kept):
    groups = (disparity("a", 0.95, n_rows), disparity("b", 1.0, 100))
    found = decided(fairness=groups)
    assert found.promote == kept
    if not kept:
        assert found.failures == (
            "fairness of gender: no evidence, must have two groups of at least 100 rows",
        )


def test_three_large_groups_are_evidence_as_well(decided):
    groups = (disparity("a", 0.95), disparity("b", 1.0), disparity("c", 0.97))
    assert decided(fairness=groups).promote


@pytest.mark.parametrize(
    "proxies",
    [
        (Proxy("gender", "a", 300, Figure(0.8, 0.7, 0.91), None),),
        (Proxy("gender", "any", 0, None, None),),
        (Proxy("other", "a", 300, Figure(0.6, 0.5, 0.7), None),),
    ],
)
def test_inputs_that_tell_the_group_or_were_not_tried_are_refused(decided, proxies):
    [failure] = decided(proxies=proxies).failures
    assert "gender" in failure


def test_the_limit_of_a_proxy_may_be_met_exactly(decided):
    proxies = (Proxy("gender", "a", 300, Figure(0.8, 0.7, 0.9), None),)
    assert decided(proxies=proxies).promote


def test_an_alternative_that_is_fairer_at_about_the_same_cost_refuses(decided):
    better = alternative("threshold 0.200", 0.04, 0.002)
    found = decided(alternatives=(*WHOLE.alternatives, better))
    [failure] = found.failures
    assert failure.startswith(
        "less discriminatory alternatives for gender: 1 of 3 tried are better: threshold "
        "0.200 (ratio +0.0400 [+0.0300, +0.0500], cost +0.0020 [-0.0030, +0.0070]), none "
        "may gain 0.02 in approval ratio at an extra cost of at most 0.01; from "
    )


def test_two_better_alternatives_are_both_named(decided):
    both = (alternative("one", 0.04, 0.0), alternative("two", 0.04, 0.0))
    [failure] = decided(alternatives=both).failures
    assert "2 of 2 tried are better: one (ratio" in failure
    assert "), two (ratio" in failure


@pytest.mark.parametrize(
    ("gain", "extra", "is_better"),
    [
        (Figure(0.03, 0.02, 0.04), Figure(0.0, -0.01, 0.01), True),
        (Figure(0.03, 0.0199, 0.04), Figure(0.0, -0.01, 0.01), False),
        (Figure(0.03, 0.02, 0.04), Figure(0.0, -0.01, 0.0101), False),
    ],
)
def test_an_alternative_counts_by_the_ends_that_speak_against_it(
    decided, gain, extra, is_better
):
    other = replace(alternative("x", 0, 0), ratio_gain=gain, extra_cost=extra)
    assert decided(alternatives=(other,)).promote != is_better


@pytest.mark.parametrize("figure", NOT_WHOLE[1:])
@pytest.mark.parametrize("attribute", ["ratio_gain", "extra_cost"])
def test_alternatives_without_a_number_are_no_evidence(decided, attribute, figure):
    odd = [replace(alternative(name, 0, 0), **{attribute: figure}) for name in ("x", "y")]
    [failure] = decided(alternatives=tuple(odd)).failures
    assert failure.startswith("less discriminatory alternatives for gender: no evidence")
    assert failure.endswith("at most 0.01; not a number for x, y")


def test_fields_are_judged_apart(decided):
    elsewhere = replace(alternative("x", 0.9, -0.9), field="region")
    other = replace(A, field="region", approval_ratio=Figure(0.1, 0.1, 0.1))
    found = decided(
        alternatives=(*WHOLE.alternatives, elsewhere), fairness=(*WHOLE.fairness, other)
    )
    assert found.promote


def test_a_protected_text_does_not_keep_later_fields_from_being_judged(decided):
    text = CONTRACT.replace(
        '[[field]]\nname = "gender"\n',
        '[[field]]\nname = "name"\ndtype = "text"\nrole = "protected"\n'
        '[[field]]\nname = "gender"\n',
    )
    assert any("of gender = a" in rule for rule in decided(text).passes)


def test_a_group_of_just_enough_rows_is_judged(decided):
    groups = (disparity("a", 0.5, 100), B)
    [failure] = decided(fairness=groups).failures
    assert failure.startswith("approval ratio of gender = a against b: 0.5000")


def test_what_a_profile_does_not_judge_is_told_with_figures_and_origin(decided):
    found = decided(profile("report"), fairness=(A, B))
    origin, proxies = WHOLE.origin("fairness"), WHOLE.origin("proxies")
    measured = (
        ("approval ratio", "1.0000 [0.9500, 1.0500]"),
        ("equal opportunity difference", "0.0300 [0.0000, 0.0600]"),
        ("equalised odds difference", "0.0500 [0.0100, 0.0900]"),
    )
    assert found.notes[-4:] == (
        *(
            f"{words} of gender = b against b: {figures}, not judged under profile "
            f"report; from {origin}"
            for words, figures in measured
        ),
        "AUC with which the inputs predict gender = a: 0.6000 [0.5500, 0.6500], not "
        f"judged under profile report; from {proxies}",
    )
