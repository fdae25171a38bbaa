"""The chooser against a table of rollouts that people have."""

from importlib import import_module

import pytest

from assay.causal.chooser import propose_designs
from assay.causal.design_rules import DESIGN_RULES
from assay.causal.question import Question
from assay.errors import ConfigError

MANY = {"n_treated": 5_000, "n_untreated": 5_000}
PANEL = {"is_same_units": True, "n_pre": 12, "n_post": 6}

CASES = {
    "coin per user": ({"rule": "random_units", **MANY}, ["experiment"]),
    "coin per user, and for whom": (
        {"rule": "random_units", **MANY, "covariates": ("age",), "asks_for_whom": True},
        ["experiment", "effects for whom"],
    ),
    "coin per workspace": (
        {
            "rule": "random_clusters",
            **MANY,
            "n_clusters_treated": 25,
            "n_clusters_untreated": 25,
        },
        ["cluster experiment"],
    ),
    "one workspace got it": (
        {
            "rule": "random_clusters",
            **MANY,
            "n_clusters_treated": 1,
            "n_clusters_untreated": 49,
        },
        [],
    ),
    "hours switched": (
        {"rule": "random_periods", **MANY, "n_switches": 40},
        ["switchback"],
    ),
    "threshold routes": (
        {"rule": "cutoff", **MANY, "running": "confidence"},
        ["sharp discontinuity"],
    ),
    "threshold with overrides": (
        {"rule": "cutoff", **MANY, "running": "score", "is_rule_followed": False},
        ["fuzzy discontinuity"],
    ),
    "empty side of the cutoff": (
        {"rule": "cutoff", **MANY, "running": "score", "n_near_above": 3},
        [],
    ),
    "nudge that half followed": (
        {"rule": "random_encouragement", **MANY, "covariates": ("tier",)},
        ["instrument", "doubly robust"],
    ),
    "toggle that users opt into": (
        {"rule": "choice", **MANY, "covariates": ("tier", "confidence")},
        ["doubly robust"],
    ),
    "toggle, nothing measured before": ({"rule": "choice", **MANY}, []),
    "toggle with an instrument": (
        {"rule": "choice", **MANY, "instruments": ("distance",)},
        ["instrument"],
    ),
    "waves by workspace": (
        {
            "rule": "rollout",
            **MANY,
            **PANEL,
            "n_cohorts": 3,
            "n_clusters_treated": 30,
            "n_clusters_untreated": 20,
        },
        ["staggered differences", "interrupted series"],
    ),
    "wave 1 against wave 2": (
        {
            "rule": "rollout",
            **MANY,
            "is_same_units": True,
            "n_pre": 1,
            "n_clusters_treated": 25,
            "n_clusters_untreated": 25,
        },
        ["differences"],
    ),
    "one region first": (
        {"rule": "rollout", "n_treated": 1, "n_untreated": 8, **PANEL},
        ["synthetic control", "synthetic differences", "interrupted series"],
    ),
    "everybody at once": (
        {"rule": "everybody", "n_treated": 9_000, "n_untreated": 0, **PANEL},
        ["interrupted series"],
    ),
    "everybody at once, yesterday": (
        {"rule": "everybody", "n_treated": 9_000, "n_untreated": 0, "n_pre": 3},
        [],
    ),
}


@pytest.mark.parametrize(("known", "designs"), CASES.values(), ids=CASES.keys())
def test_designs_are_proposed_in_the_order_of_how_little_they_believe(known, designs):
    choice = propose_designs(Question(**known))
    assert [proposal.design for proposal in choice.proposals] == designs
    refused = [refusal.design for refusal in choice.refusals]
    assert len(refused) + len(designs) == len(DESIGN_RULES)
    assert all(refusal.reasons and refusal.needs for refusal in choice.refusals)
    assert (choice.best is None) == (not designs)


def reasons(choice, design):
    found = [refusal for refusal in choice.refusals if refusal.design == design]
    return " ".join(found[0].reasons)


def test_refusals_say_what_is_missing_and_how_much():
    one = propose_designs(Question(**CASES["one workspace got it"][0]))
    assert "1 treated clusters" in reasons(one, "cluster experiment")
    empty = propose_designs(Question(**CASES["empty side of the cutoff"][0]))
    assert "3 rows near the cutoff above it" in reasons(empty, "sharp discontinuity")
    waves = propose_designs(Question(**CASES["waves by workspace"][0]))
    assert "units treated earlier" in reasons(waves, "differences")


def test_donors_nearly_as_many_as_pre_periods_are_cautioned_about():
    choice = propose_designs(
        Question(rule="rollout", n_treated=1, n_untreated=12, **PANEL)
    )
    assert choice.best is not None
    assert "weights can follow noise" in " ".join(choice.best.cautions)


@pytest.mark.parametrize("rule", DESIGN_RULES, ids=lambda rule: rule.name)
def test_every_proposed_function_exists(rule):
    module, _, name = rule.function.rpartition(".")
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize(
    "change", [{"rule": "magic"}, {"n_treated": -1}, {"n_cohorts": 0}]
)
def test_a_question_that_makes_no_sense_is_refused(change):
    with pytest.raises(ConfigError):
        Question(**{"rule": "choice", **MANY, **change})
