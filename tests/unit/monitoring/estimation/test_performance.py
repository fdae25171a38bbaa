"""Tolerances of coverage are four binomial standard errors around the nominal level."""

import numpy as np
import pytest
from scipy.special import expit, logit

from assay.contract import CostMatrix
from assay.monitoring.estimation import (
    Recalibration,
    estimate_performance,
    expected_auc,
    fit_recalibration,
)

COSTS = CostMatrix(unit="USD", false_positive=450, false_negative=2600)


def month(rng, n_rows, shift=0.0):
    log_odds = -2.4 + shift + 1.1 * rng.normal(size=n_rows)
    return expit(log_odds), (rng.random(n_rows) < expit(log_odds)).astype(float)


def estimated(stated, line, rng, **others):
    return estimate_performance(
        stated, line, threshold=0.2, costs=COSTS, rng=rng, **others
    )


def test_intervals_of_back_tested_months_hold_what_the_labels_then_show():
    rng = np.random.default_rng(12)
    n_months, held = 200, {"default_rate": 0, "cost": 0, "brier": 0}
    for _ in range(n_months):
        line = fit_recalibration(*month(rng, 3_000))
        stated, labels = month(rng, 800)
        found = estimated(stated, line, rng).metrics
        adverse = stated >= 0.2
        truth = {
            "default_rate": labels.mean(),
            "brier": np.mean((stated - labels) ** 2),
            "cost": np.mean(np.where(adverse, 450 * (1 - labels), 2600 * labels)),
        }
        for name in held:
            held[name] += found[name].low <= truth[name] <= found[name].high
    error = 4 * np.sqrt(0.9 * 0.1 / n_months)
    for name, n_held in held.items():
        assert n_held / n_months == pytest.approx(0.9, abs=error), name


def test_the_estimate_follows_a_population_that_grew_riskier():
    rng = np.random.default_rng(3)
    line = fit_recalibration(*month(rng, 20_000))
    calm = estimated(month(rng, 5_000)[0], line, rng).metrics["default_rate"]
    risky = estimated(month(rng, 5_000, 0.8)[0], line, rng).metrics["default_rate"]
    assert risky.low > calm.high


def test_many_rows_give_what_their_rows_give():
    rng = np.random.default_rng(4)
    line = fit_recalibration(*month(rng, 20_000))
    stated, labels = month(rng, 60_000)
    found = estimated(stated, line, rng).metrics
    assert found["default_rate"].low <= labels.mean() <= found["default_rate"].high


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"concept_drift": "residuals rose"}, "concept drift: residuals rose"),
        ({"reference_range": (0.4, 1.0)}, "outside the reference"),
        (
            {"matured": Recalibration(0.7, 1.0, (0.01, 0.0, 0.01), 900)},
            "calibration is lost: 900 matured labels give intercept",
        ),
    ],
)
def test_it_says_that_it_cannot_tell_and_why(change, told):
    rng = np.random.default_rng(5)
    line = fit_recalibration(*month(rng, 5_000))
    found = estimated(month(rng, 500)[0], line, rng, **change)
    assert not found.can_tell
    assert found.metrics == {}
    assert told in found.reasons[0]


def test_a_handful_of_rows_tells_nothing():
    rng = np.random.default_rng(5)
    line = fit_recalibration(*month(rng, 5_000))
    assert "49 rows" in estimated(month(rng, 49)[0], line, rng).reasons[0]


def test_the_expected_auc_is_the_mean_of_drawn_ones():
    rng = np.random.default_rng(6)
    scores = np.round(rng.random(60), 1)
    drawn = []
    for _ in range(20_000):
        labels = rng.random(60) < scores
        good, bad = scores[~labels], scores[labels]
        gaps = bad[:, None] - good
        drawn.append(np.mean((gaps > 0) + (gaps == 0) / 2))
    assert expected_auc(scores, scores) == pytest.approx(np.mean(drawn), abs=0.002)


def test_a_calibrated_line_changes_nothing():
    line = Recalibration(0.0, 1.0, (0.0, 0.0, 0.0), 100)
    assert logit(line.probabilities([0.3])) == pytest.approx(logit([0.3]))
