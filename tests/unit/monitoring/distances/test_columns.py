"""A world that moved in one way is far in that way only."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from assay.contract import read_contract
from assay.monitoring.distances import (
    category_drift,
    frame_drift,
    number_drift,
    population_stability,
)
from assay.monitoring.profile import category_profile, number_profile, profile_frame
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender

CONTRACT = read_contract(Path("data/contracts/credit_default.toml"))


def lender(seed, drift=None):
    return simulate_lender(
        n_applicants=4_000, start=date(2026, 1, 1), days=30, seed=seed, drift=drift
    ).frame


def test_only_what_the_world_moved_is_far():
    reference = profile_frame(lender(1), CONTRACT, most_points=None)
    moved = lender(2, Drift("price", date(2026, 1, 1)))
    drifts = {one.name: one for one in frame_drift(reference, moved, CONTRACT)}
    assert max(drifts, key=lambda name: drifts[name].psi) == "interest_rate"
    assert drifts["interest_rate"].psi > 0.5
    assert drifts["interest_rate"].ks > 0.5
    assert drifts["interest_rate"].wasserstein == pytest.approx(4.0, abs=0.3)
    for still in ("housing", "purpose", "n_inquiries", "has_account"):
        assert drifts[still].psi < 0.02


def test_the_score_is_compared_too():
    frame = lender(1)
    reference = profile_frame(frame, CONTRACT, np.linspace(0.0, 0.5, 4_000))
    drifts = frame_drift(reference, frame, CONTRACT, np.linspace(0.2, 0.7, 4_000))
    assert drifts[-1].name == "score"
    assert drifts[-1].ks == pytest.approx(0.4, abs=1e-3)


def test_missing_rows_are_a_bin_of_their_own():
    profile = number_profile([0.0] * 50 + [1.0] * 50)
    moved = number_drift("x", profile, [0.0] * 40 + [1.0] * 40 + [np.nan] * 20)
    assert moved.ks == 0
    assert (moved.missing_before, moved.missing_now) == (0.0, 0.2)
    assert moved.psi == pytest.approx(
        float(population_stability([50, 50, 0], [40, 40, 20])), abs=1e-12
    )


def test_an_unseen_category_is_a_bin_of_its_own():
    profile = category_profile(["own", "rent"], {"own": 50, "rent": 50}, 0)
    moved = category_drift("housing", profile, {"own": 40, "rent": 40, "castle": 20}, 0)
    assert moved.current_counts.tolist() == [40, 40, 20]
    assert np.isnan(moved.ks)
    assert moved.psi > 1


def test_a_constant_that_moved_is_seen():
    moved = number_drift("x", number_profile([5.0] * 100), [6.0] * 100)
    assert moved.psi > 5
    assert moved.ks == 1


def test_a_window_without_rows_has_no_distance_and_raises_nothing():
    empty = number_drift("x", number_profile([1.0, 2.0]), [])
    assert np.isnan([empty.psi, empty.ks, empty.jensen_shannon, empty.chi_square]).all()
    assert empty.n_current == 0
