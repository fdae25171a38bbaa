"""Effects by row: tests against simulation, bytes."""

import numpy as np
import pandas as pd
import pytest

from assay.causal import verdict
from assay.causal.heterogeneity import (
    effects_of_rows,
    heterogeneous_effects,
)

NAMES = {"outcome": "y", "treatment": "t", "covariates": ["a", "b"]}


def simulate(n=2_000, slope=1.0, seed=0, random=True):
    """Return rows whose effect is ``1 + slope * b``."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    p = np.full(n, 0.5) if random else 1 / (1 + np.exp(-0.7 * a))
    t = rng.random(n) < p
    y = a + t * (1 + slope * b) + rng.normal(size=n)
    return pd.DataFrame({"y": y, "t": t.astype(int), "a": a, "b": b})


@pytest.mark.parametrize("learner", ["t", "x", "dr"])
@pytest.mark.parametrize("random", [True, False])
def test_every_learner_finds_who_gains(learner, random):
    frame = simulate(random=random)
    found = heterogeneous_effects(
        frame, **NAMES, learner=learner, model="linear",
        probability=0.5 if random else None,
    )  # fmt: skip
    assert np.corrcoef(found.effects, 1 + frame["b"])[0, 1] > 0.9
    low, high = found.slope.interval
    assert low <= 1 <= high
    assert found.curve.qini.interval[0] > 0
    assert verdict(found.assumptions) == "report"
    groups = found.group_table()
    assert groups["effect"].iloc[0] > groups["effect"].iloc[-1]


def test_without_heterogeneity_the_tests_reject_at_their_level():
    rejected = []
    for seed in range(120):
        found = heterogeneous_effects(
            simulate(n=500, slope=0.0, seed=seed), **NAMES, learner="t",
            model="linear", probability=0.5,
        )  # fmt: skip
        rejected.append(
            (
                found.slope.p_value < 0.05 and found.slope.value > 0,
                found.curve.qini.p_value < 0.05 and found.curve.qini.value > 0,
            )
        )
    # One-sided 2.5 %; binomial standard error 0.0143, 3 of them.
    assert np.mean(rejected, axis=0).max() <= 0.025 + 0.043


def test_a_coin_that_was_not_one_is_caught():
    frame = simulate(random=False)
    found = heterogeneous_effects(frame, **NAMES, model="linear", probability=0.5)
    assert verdict(found.assumptions) == "withhold"
    assert "predict treatment" in found.assumptions[0].finding


def test_few_rows_are_a_warning():
    found = heterogeneous_effects(simulate(n=200), **NAMES, model="linear")
    assert verdict(found.assumptions) == "warn"


def test_permuted_rows_give_the_same_bytes_in_their_own_order():
    frame = simulate(n=300)
    shuffled = frame.sample(frac=1, random_state=3)
    first = heterogeneous_effects(frame, **NAMES, model="linear")
    second = heterogeneous_effects(shuffled, **NAMES, model="linear")
    assert first.estimate == second.estimate
    assert first.groups == second.groups
    back = np.argsort(shuffled.index.to_numpy())
    assert second.effects[back].tobytes() == first.effects.tobytes()


def test_boosted_trees_are_the_default_and_plots_are_figures():
    found = heterogeneous_effects(simulate(n=600), **NAMES, n_folds=2, n_groups=4)
    assert np.isfinite(found.effects).all()
    plots = found.plots()
    assert list(plots) == ["qini", "groups"]


def test_options_that_make_no_sense_list_the_right_ones():
    with pytest.raises(ValueError, match="learner must be one of"):
        heterogeneous_effects(simulate(100), **NAMES, learner="s", model="linear")
    with pytest.raises(ValueError, match="between 0 and 1"):
        heterogeneous_effects(simulate(100), **NAMES, probability=1.0)
    with pytest.raises(ValueError, match="n_folds must be >= 2"):
        effects_of_rows(
            np.zeros(4), np.array([1, 0, 1, 0], bool), np.ones((4, 1)), np.full(4, 0.5),
            n_folds=1,
        )  # fmt: skip
