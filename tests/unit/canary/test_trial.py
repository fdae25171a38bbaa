"""A worse canary is stopped, an equal one left alone; a restart changes nothing."""

import json

import numpy as np
import pytest

from assay.canary.trial import (
    CanaryRule,
    Observation,
    Trial,
    observe,
    read_trial,
    stop_reasons,
    trial_content,
)
from assay.errors import DataError

RULE = CanaryRule(share=0.2, lowest_cost=0.0, highest_cost=2600.0)


def run(rng, n, *, costs=(0.05, 0.05), failures=(0.0, 0.0), shift=0.0, rule=RULE):
    """Return the trial, and after how many requests it was stopped."""
    trial = Trial()
    for i in range(1, n + 1):
        arm = int(rng.random() < rule.share)
        trial = observe(
            trial,
            Observation(
                in_canary=bool(arm),
                cost=2600.0 * (rng.random() < costs[arm]),
                failed=bool(rng.random() < failures[arm]),
                probability=float(np.clip(rng.beta(2, 8) + shift * arm, 0, 1)),
            ),
            rule,
        )
        if stop_reasons(trial, rule):
            return trial, i
    return trial, None


def test_equal_versions_are_left_alone():
    stopped = [run(np.random.default_rng(seed), 400)[1] for seed in range(40)]
    assert sum(at is not None for at in stopped) <= 5


@pytest.mark.parametrize(
    ("worse", "sentence"),
    [
        ({"costs": (0.05, 0.4)}, "it costs more than the champion"),
        ({"failures": (0.0, 0.2)}, "it fails more often"),
        ({"shift": 0.4}, "its probabilities are higher"),
        ({"shift": -0.3}, "its probabilities are lower"),
    ],
)
def test_a_worse_version_is_stopped_and_it_says_why(worse, sentence):
    rule = CanaryRule(0.5, 0.0, 2600.0)
    trial, at = run(np.random.default_rng(0), 3000, rule=rule, **worse)
    assert at is not None
    assert sentence in " ".join(stop_reasons(trial, rule))
    assert "limit 60" in stop_reasons(trial, rule)[0]


def test_a_cheaper_version_is_not_stopped_for_its_cost():
    trial, _ = run(np.random.default_rng(0), 1500, costs=(0.4, 0.05))
    assert trial.courses["cost"].wealth < 1


def test_a_shift_within_the_margin_is_allowed():
    trial, at = run(np.random.default_rng(0), 1500, shift=0.04)
    assert at is None
    assert trial.courses["score_up"].wealth < RULE.limit


def test_a_trial_that_was_written_and_read_goes_on_the_same_to_the_bit():
    rng = np.random.default_rng(3)
    trial, _ = run(rng, 100)
    again = read_trial(json.loads(json.dumps(trial_content(trial))))
    assert again == trial
    seen = Observation(True, 2600.0, False, 0.7)
    assert observe(again, seen, RULE) == observe(trial, seen, RULE)


def test_what_is_not_known_yet_changes_nothing():
    trial = observe(Trial(), Observation(True, probability=0.5), RULE)
    assert trial.courses["cost"].n_values == 0
    assert trial.courses["score_up"].n_values == 1
    assert observe(trial, Observation(True), RULE) == trial


@pytest.mark.parametrize(
    "seen",
    [
        Observation(True, cost=2601.0),
        Observation(True, cost=-1.0),
        Observation(True, cost=float("nan")),
        Observation(False, probability=1.5),
    ],
)
def test_a_value_outside_its_bounds_is_refused(seen):
    with pytest.raises(DataError, match="outside its bounds"):
        observe(Trial(), seen, RULE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"share": 0.0},
        {"share": 0.6},
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"highest_cost": 0.0},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(DataError):
        CanaryRule(**{"share": 0.1, "lowest_cost": 0.0, "highest_cost": 1.0, **wrong})
