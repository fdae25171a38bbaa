"""A stored trial survives restarts and counts every entity once."""

import numpy as np
import pytest

from assay.adapters.champions.canaries import count_observations, stored_trial
from assay.canary import CanaryRule, Observation, Trial, goes_to_canary, observe
from assay.errors import DataError, RegistryError
from assay.history.traffic import Served, Traffic, with_canary
from assay.settings import Settings

TRAFFIC = with_canary(Traffic(Served(1, "a" * 64)), Served(2, "b" * 64), 0.2)
RULE = CanaryRule(0.2, 0.0, 2600.0)
MODEL = "credit_default"


def answers(n, seed=0, **parts):
    rng = np.random.default_rng(seed)
    for i in range(n):
        entity = f"e-{i}"
        arm = goes_to_canary(entity, "b" * 64, 0.2)
        chance = float(rng.random())
        yield (
            entity,
            Observation(arm, **({"probability": chance, "failed": False} | parts)),
        )


def test_observations_in_pieces_give_the_trial_of_all_at_once(tmp_path):
    seen = list(answers(60))
    expected = Trial()
    for _, observation in seen:
        expected = observe(expected, observation, RULE)
    for start in range(0, 60, 20):  # each with settings and connections of its own
        settings = Settings(home=tmp_path)
        count_observations(settings, MODEL, TRAFFIC, seen[start : start + 20], RULE)
    assert stored_trial(Settings(home=tmp_path), MODEL, TRAFFIC) == expected


def test_what_was_counted_is_not_counted_again_and_labels_come_later(tmp_path):
    settings = Settings(home=tmp_path)
    first = count_observations(settings, MODEL, TRAFFIC, answers(30), RULE)
    again = count_observations(settings, MODEL, TRAFFIC, answers(30), RULE)
    assert (first.n_new, again.n_new) == (30, 0)
    assert again.trial == first.trial
    labelled = answers(30, cost=450.0)
    later = count_observations(settings, MODEL, TRAFFIC, labelled, RULE)
    assert later.n_new == 30
    assert later.trial.courses["cost"].n_values == 30
    assert later.trial.courses["score_up"] == first.trial.courses["score_up"]


def test_who_went_the_other_way_than_the_hash_says_counts_for_nothing(tmp_path):
    turned = [
        (entity, Observation(not seen.in_canary, probability=0.9))
        for entity, seen in answers(10)
    ]
    counted = count_observations(Settings(home=tmp_path), MODEL, TRAFFIC, turned, RULE)
    assert (counted.n_new, counted.n_misplaced) == (0, 10)
    assert counted.trial == Trial()


def test_a_fault_in_the_middle_counts_nothing(tmp_path):
    settings = Settings(home=tmp_path)
    seen = [*answers(5), *answers(6, cost=9999.0)]
    with pytest.raises(DataError, match="outside its bounds"):
        count_observations(settings, MODEL, TRAFFIC, seen, RULE)
    assert stored_trial(settings, MODEL, TRAFFIC) == Trial()
    assert count_observations(settings, MODEL, TRAFFIC, answers(5), RULE).n_new == 5


def test_without_a_canary_there_is_no_trial(tmp_path):
    with pytest.raises(RegistryError, match="has no canary"):
        stored_trial(Settings(home=tmp_path), MODEL, Traffic())
