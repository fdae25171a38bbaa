"""The story of a silent failure, told by the simulator's own truth."""

from datetime import date

import numpy as np
import pandas as pd

from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender
from assay.simulate.scenarios import complaints, silent_failure
from assay.simulate.truth import default_log_odds

TURN = date(2026, 7, 1)


def test_the_story_moves_applicants_first_and_the_law_of_default_after():
    world = simulate_lender(
        n_applicants=60_000,
        start=date(2026, 5, 1),
        days=300,
        seed=5,
        drift=silent_failure(TURN),
    )
    calm = simulate_lender(n_applicants=60_000, start=date(2026, 5, 1), days=300, seed=5)
    at = world.frame["applied_at"]
    before, second = at < "2026-07-01", (at >= "2026-07-01") & (at < "2026-07-31")
    late = at >= "2026-12-01"
    truth = world.truth["true_default_probability"]
    law = 1 / (1 + np.exp(-default_log_odds(world.frame)))
    assert np.array_equal(truth[before], calm.truth.loc[before, truth.name])
    # In its first month only the applicants are others; later the law moves as well.
    assert np.allclose(truth[second], law[second])
    assert truth[late].mean() > 1.2 * law[late].mean()
    # Cuts at 70 % of the calm world approve 62 % of the new one.
    cut = np.quantile(law[before], 0.7)
    assert 0.60 < (law[late] < cut).mean() < 0.645
    paid = world.truth["outcome"]
    calm_rate = paid[before & (law < cut)].mean()
    new_rate = paid[late & (law < cut)].mean()
    assert 0.025 < calm_rate < 0.035
    assert 0.045 < new_rate < 0.060


def test_drifts_add_up():
    start = date(2026, 1, 1)
    one = Drift("recession", start, 0.6)
    parts = (Drift("recession", start, 0.2), Drift("recession", start, 0.4))
    whole, sum_of = (
        simulate_lender(n_applicants=2_000, start=start, days=30, seed=1, drift=d)
        for d in (one, parts)
    )
    assert np.allclose(
        whole.truth["true_default_probability"],
        sum_of.truth["true_default_probability"],
    )


def test_complaints_double():
    at = pd.Series(pd.date_range("2026-01-01", "2027-12-31", 400_000, tz="UTC"))
    told = complaints(at, TURN, np.random.default_rng(0))
    assert abs(told[at < "2026-07-01"].mean() - 0.01) < 0.001
    assert abs(told[at > "2027-01-01"].mean() - 0.02) < 0.001
