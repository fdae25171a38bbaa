"""The three designs end to end: verdicts, estimates, errors, plots, bytes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from assay.causal import verdict
from assay.causal.propensity import (
    crump_edge,
    doubly_robust_effect,
    matched_effect,
    weighted_effect,
)
from assay.causal.propensity.balance import standardised_differences
from assay.causal.propensity.overlap import discrimination, trimmed
from assay.errors import DataError

DESIGNS = [weighted_effect, matched_effect, doubly_robust_effect]


@pytest.mark.parametrize("design", DESIGNS)
def test_adjustment_finds_what_the_naive_difference_misses(simulated, names, design):
    found = design(simulated(n=4_000, spread=0.0), **names)
    low, high = found.naive.interval
    assert not low <= 1 <= high
    assert found.estimate.value == pytest.approx(1, abs=4 * found.estimate.standard_error)
    assert verdict(found.assumptions) == "report"
    assert list(found.plots()) == ["balance", "overlap"]
    table = found.balance_table()
    assert (table["adjusted"].abs() < table["raw"].abs()).all()


@pytest.mark.parametrize("design", [weighted_effect, doubly_robust_effect])
def test_poor_overlap_is_withheld_and_a_trimmed_question_is_not(simulated, names, design):
    frame = simulated(n=3_000, strength=8.0)
    full = design(frame, **names)
    assert verdict(full.assumptions) == "withhold"
    assert full.assumptions[0].state == "broken"
    cut = design(frame, **names, trim="crump")
    assert cut.assumptions[0].state != "broken"


def test_the_effect_on_the_treated_needs_untreated_rows_like_them_only(simulated, names):
    # Nobody like the rows with large `a` was ever treated; that spares the treated.
    frame = simulated(n=4_000)
    frame = frame[(frame["a"] < 0.5) | (frame["t"] == 0)]
    found = weighted_effect(frame, **names, estimand="att")
    assert found.assumptions[0].state == "holds"


def test_a_propensity_that_cannot_balance_says_which_covariate(simulated, names):
    frame = simulated(n=4_000)
    rng = np.random.default_rng(0)
    # Treatment depends on the square, which the linear score cannot see.
    t = rng.random(4_000) < 1 / (1 + np.exp(1 - frame["a"] ** 2))
    bent = frame.assign(t=t.astype(int), y=frame["a"] ** 2 + rng.normal(size=4_000))
    flat = weighted_effect(bent, **names)
    balance = next(a for a in flat.assumptions if a.name == "balance")
    assert balance.state == "doubtful"
    assert "variance ratio" in balance.finding
    square = weighted_effect(bent, **{**names, "covariates": ["a", "b", "a**2"]})
    assert verdict(square.assumptions) in ("report", "warn")
    assert abs(square.estimate.value) < 0.3 * abs(flat.estimate.value)


def test_doubly_robust_is_right_when_one_of_its_models_is_wrong(simulated, names):
    frame = simulated(n=6_000, spread=0.0).assign(noise=lambda f: np.sin(f["a"] * 9))
    wrong_outcome = frame.assign(y=frame["y"] + 2 * frame["a"] ** 2)
    found = doubly_robust_effect(wrong_outcome, **names)
    assert found.estimate.value == pytest.approx(1, abs=5 * found.estimate.standard_error)
    boosted = doubly_robust_effect(
        frame, **names, outcome_model=LinearRegression(), estimand="att"
    )
    assert boosted.estimate.value == pytest.approx(
        1, abs=5 * boosted.estimate.standard_error
    )


def test_boosting_bends_where_the_logistic_score_cannot(simulated, names):
    frame = simulated(n=1_500, spread=0.0)
    found = weighted_effect(frame, **names, score="boosting")
    assert found.estimate.value == pytest.approx(1, abs=0.5)
    assert 0.001 <= found.propensity.min() <= found.propensity.max() <= 0.999
    again = weighted_effect(
        frame.sample(frac=1, random_state=2), **names, score="boosting"
    )
    assert again.estimate == found.estimate


@pytest.mark.parametrize("design", DESIGNS)
def test_permuted_rows_give_the_same_bytes(simulated, names, design):
    frame = simulated(n=400)
    first = design(frame, **names)
    second = design(frame.sample(frac=1, random_state=7), **names)
    assert first.estimate == second.estimate
    assert dict(first.diagnostics) == dict(second.diagnostics)
    assert first.balance == second.balance


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": 0}, "without variation"),
        ({"a": 1.0}, "linear combination"),
        ({"b": np.nan}, "missing or infinite"),
        ({"y": "high"}, "not a number"),
    ],
)
def test_bad_input_says_what_to_do(simulated, names, design, change, message):
    with pytest.raises(DataError, match=message):
        design(simulated(n=60).assign(**change), **names)


def test_perfect_separation_is_an_error_and_not_a_number(simulated, names):
    frame = simulated(n=200).assign(t=lambda f: (f["a"] > 0).astype(int))
    for design in DESIGNS:
        with pytest.raises(DataError, match="separate treated from untreated"):
            design(frame, **names)


def test_crumps_edge_on_a_grid_minimises_the_variance():
    p = np.random.default_rng(0).beta(0.4, 0.8, size=4_000).clip(1e-4, 1 - 1e-4)
    edge = crump_edge(p)

    def cost(alpha):
        kept = (p >= alpha) & (p <= 1 - alpha)
        return (1 / (p * (1 - p)))[kept].sum() / kept.sum() ** 2

    grid = np.linspace(0.005, 0.3, 300)
    assert cost(edge) <= min(cost(alpha) for alpha in grid) * 1.001
    assert trimmed(p, "crump").sum() == ((p >= edge) & (p <= 1 - edge)).sum()
    with pytest.raises(DataError, match="trim less"):
        trimmed(np.array([0.01, 0.02]), 0.4)


def test_discrimination_is_scikit_learns_area():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    treated = rng.random(300) < 0.4
    score = rng.integers(1, 12, size=300) / 12
    assert discrimination(treated, score) == pytest.approx(roc_auc_score(treated, score))


def test_standardised_differences_by_hand():
    columns = np.array([[1.0, 0], [3, 1], [2, 0], [6, 0]])
    treated = np.array([True, True, False, False])
    found = standardised_differences(columns, ["x", "d"], treated, np.array([1, 3, 1, 1]))
    pooled = np.sqrt((2 + 8) / 2)
    assert found[0].raw == pytest.approx((2 - 4) / pooled)
    assert found[0].adjusted == pytest.approx((2.5 - 4) / pooled)
    assert found[1].variance_ratio == 1.0


def test_a_binary_outcome_has_the_e_value_of_its_risk_ratio():
    frame = pd.DataFrame(
        {"t": [1] * 100 + [0] * 100, "y": [1] * 60 + [0] * 40 + [1] * 30 + [0] * 70}
    )
    found = weighted_effect(frame, outcome="y", treatment="t", covariates=[])
    assert found.hidden_confounder.risk_ratio == pytest.approx(2.0)
    assert found.hidden_confounder.point == pytest.approx(2 + np.sqrt(2))
