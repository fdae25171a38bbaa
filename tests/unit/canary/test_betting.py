"""The bettor's wealth is fair: its expectation is 1, counted over every outcome."""

from itertools import product

import numpy as np
import pytest

from assay.canary.betting import FRACTIONS, centre_of, log_growth, log_wealth


def wealth_after(arms, values, share, margin):
    total, wealths = np.array(0.0), np.zeros(len(FRACTIONS))
    for n, (arm, value) in enumerate(zip(arms, values, strict=True)):
        wealths = wealths + log_growth(
            np.array(float(arm)),
            np.array(value),
            centre_of(total, n),
            share=share,
            margin=margin,
        )
        total = total + value
    return float(np.exp(log_wealth(wealths)))


@pytest.mark.parametrize("share", [0.1, 0.37, 0.5])
def test_without_a_margin_the_expectation_over_every_assignment_is_exactly_one(share):
    values = np.random.default_rng(0).random(7)
    expected = 0.0
    for arms in product((0, 1), repeat=7):
        n_canary = sum(arms)
        probability = share**n_canary * (1 - share) ** (7 - n_canary)
        expected += probability * wealth_after(arms, values, share, 0.0)
    assert expected == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("champion", "canary", "margin", "is_fair"),
    [
        (0.3, 0.3, 0.0, True),
        (0.3, 0.2, 0.0, True),
        (0.3, 0.4, 0.1, True),
        (0.3, 0.4, 0.0, False),
    ],
)
def test_over_every_course_the_expectation_is_at_most_one_unless_it_is_worse(
    champion, canary, margin, is_fair
):
    share, expected = 0.25, 0.0
    outcomes = list(product((0, 1), (0, 1)))
    for course in product(outcomes, repeat=5):
        probability = 1.0
        for arm, bad in course:
            rate = canary if arm else champion
            probability *= (share if arm else 1 - share) * (rate if bad else 1 - rate)
        arms, values = zip(*course, strict=True)
        expected += probability * wealth_after(arms, map(float, values), share, margin)
    assert (expected <= 1 + 1e-12) is is_fair


def test_the_factor_is_a_likelihood_ratio_of_the_assignment():
    # Written the other way: q(arm | value) / p(arm), q tilted towards the canary.
    rng = np.random.default_rng(1)
    for _ in range(200):
        share, value, centre = rng.uniform(0.05, 0.5), rng.random(), rng.random()
        most_lost = max((1 - share) * centre, share * (1 - centre))
        for position, fraction in enumerate(FRACTIONS):
            tilt = fraction / most_lost * (value - centre)
            q_canary = share * (1 + tilt * (1 - share))
            q_champion = (1 - share) * (1 - tilt * share)
            assert q_canary + q_champion == pytest.approx(1)
            for arm, ratio in ((1, q_canary / share), (0, q_champion / (1 - share))):
                grown = log_growth(
                    np.array(float(arm)),
                    np.array(value),
                    np.array(centre),
                    share=share,
                    margin=0.0,
                )
                assert np.exp(grown[position]) == pytest.approx(ratio)


def test_no_bet_can_lose_everything():
    arms, values, centres = np.meshgrid(
        [0.0, 1.0], np.linspace(0, 1, 11), np.linspace(0, 1, 11)
    )
    for share in (0.01, 0.5):
        for margin in (0.0, 0.3):
            grown = log_growth(arms, values, centres, share=share, margin=margin)
            assert np.isfinite(grown).all()
            assert np.exp(grown).min() >= 0.1 - 1e-12


def test_the_average_wealth_does_not_overflow():
    assert log_wealth(np.array([800.0, 0.0])) == pytest.approx(800 - np.log(2))
