"""Weighted effects by hand, against statsmodels, and their errors against simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.treatment.treatment_effects import TreatmentEffect

from assay.causal.propensity import weighted_effect
from assay.causal.propensity.weights import effective_rows, weighted_difference
from assay.causal.rows import observe


def test_every_estimand_by_hand():
    # Two cells: propensity 1/2 with effect 2, propensity 1/4 with effect 6.
    treated = np.array([1, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    outcome = np.array([2.0, 2, 0, 0, 7, 1, 1, 1])
    p = np.array([0.5] * 4 + [0.25] * 4)
    expected = {
        "ate": (4 * 2 + 4 * 6) / 8,
        "att": (2 * 2 + 1 * 6) / 3,
        "atc": (2 * 2 + 3 * 6) / 5,
        "ato": (4 * 0.25 * 2 + 4 * 0.1875 * 6) / (4 * 0.25 + 4 * 0.1875),
    }
    for estimand, value in expected.items():
        found = weighted_difference(outcome, treated, p, estimand=estimand)
        assert found.value == pytest.approx(value)
        if estimand != "ato":
            plain = weighted_difference(
                outcome, treated, p, estimand=estimand, normalised=False
            )
            assert plain.value == pytest.approx(value)


def test_value_and_error_of_the_ate_are_statsmodels(simulated, names):
    frame = simulated(n=1_500)
    found = weighted_effect(frame, **names).estimate
    x = sm.add_constant(frame[["a", "b"]])
    logit = sm.Logit(frame["t"], x).fit(disp=0)
    oracle = TreatmentEffect(
        sm.OLS(frame["y"], x), frame["t"].to_numpy(), results_select=logit
    ).ipw()
    assert found.value == pytest.approx(float(np.ravel(oracle.effect)[0]), abs=1e-5)
    error = float(np.sqrt(oracle.results_gmm.cov_params()[0, 0]))
    assert found.standard_error == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize("estimand", ["ate", "att", "ato"])
def test_intervals_cover_the_truth(simulated, names, estimand):
    # A constant effect, so that every estimand has the same truth.
    hits, ratios = 0, []
    for seed in range(200):
        frame = simulated(n=600, seed=seed, spread=0.0)
        found = weighted_effect(frame, **names, estimand=estimand).estimate
        hits += found.interval[0] <= 1 <= found.interval[1]
        ratios.append((found.value, found.standard_error))
    values, errors = np.array(ratios).T
    # Binomial standard error at 0.95 over 200 runs is 0.0154; 3 of them.
    assert hits / 200 == pytest.approx(0.95, abs=0.046)
    assert np.mean(errors) == pytest.approx(values.std(), rel=0.2)


def test_trimming_keeps_the_score_and_narrows_the_question(simulated, names):
    frame = simulated(strength=3.0)
    full = weighted_effect(frame, **names)
    cut = weighted_effect(frame, **names, trim=0.1)
    kept = (full.propensity >= 0.1) & (full.propensity <= 0.9)
    assert cut.estimate.n == int(kept.sum())
    rows = frame[kept]
    by_hand = weighted_difference(
        rows["y"].to_numpy(), rows["t"].to_numpy() == 1, full.propensity[kept]
    )
    assert cut.estimate.value == pytest.approx(by_hand.value)
    assert cut.overlap.overlap_share == 1.0


def test_effective_rows_of_equal_weights_is_their_number():
    assert effective_rows(np.full(7, 3.0)) == pytest.approx(7)


def test_permuted_rows_give_the_same_bytes_in_their_own_order(simulated, names):
    frame = simulated(n=300)
    shuffled = frame.sample(frac=1, random_state=1)
    first = weighted_effect(frame, **names, n_resamples=20)
    second = weighted_effect(shuffled, **names, n_resamples=20)
    assert first.estimate == second.estimate
    assert dict(first.diagnostics) == dict(second.diagnostics)
    assert first.assumptions == second.assumptions
    back = np.argsort(shuffled.index.to_numpy())
    assert second.weights[back].tobytes() == first.weights.tobytes()
    assert observe(frame, **names).outcome.tobytes() == (
        observe(shuffled, **names).outcome.tobytes()
    )
