"""The promise on false alarms by simulation, delays on streams with known changes."""

import numpy as np
import pytest
from scipy.special import expit

from assay.errors import ConfigError, DataError
from assay.monitoring.concept import ResidualDetector
from assay.monitoring.concept.residuals import MOVES
from assay.simulate.sea import simulate_sea


def stream(rng, n_rows, shift=0.0):
    odds = -2.4 + rng.normal(size=n_rows)
    return expit(odds), (rng.random(n_rows) < expit(odds + shift)).astype(float)


def test_false_alarms_are_at_least_as_far_apart_as_promised():
    rng, waits = np.random.default_rng(1), []
    for _ in range(200):
        detector, position, n_seen = ResidualDetector(run_rows=300.0), None, 0
        while position is None and n_seen < 20_000:
            detector, found = detector.after(*stream(rng, 1_000))
            position, n_seen = found.position, n_seen + 1_000
        waits.append(n_seen if position is None else position + 1)
    error = np.std(waits) / np.sqrt(len(waits))
    assert np.mean(waits) + 4 * error >= 300


def test_worse_outcomes_are_found_soon_and_called_worse():
    rng = np.random.default_rng(2)
    detector, calm = ResidualDetector(run_rows=1e5).after(*stream(rng, 5_000))
    assert not calm.is_alarm
    assert calm.evidence < 0
    _, found = detector.after(*stream(rng, 3_000, shift=0.7))
    assert 5_000 <= found.position < 6_500
    assert found.direction == "worse"
    assert found.evidence > 0


def test_better_outcomes_are_found_too():
    rng = np.random.default_rng(3)
    _, found = ResidualDetector(run_rows=1e4).after(*stream(rng, 20_000, shift=-0.8))
    assert found.direction == "better"


def test_the_state_by_hand():
    probabilities, labels = np.array([0.1, 0.3, 0.2]), np.array([1.0, 0.0, 1.0])
    detector, _ = ResidualDetector().after(probabilities, labels)
    for move, log_sum in zip(MOVES, detector.log_sums, strict=True):
        total = 0.0
        for p, y in zip(probabilities, labels, strict=True):
            q = expit(np.log(p / (1 - p)) + move)
            total = (total + 1) * (q / p if y else (1 - q) / (1 - p))
        assert log_sum == pytest.approx(np.log(total), abs=1e-12)


def test_rows_in_parts_give_what_they_give_at_once():
    probabilities, labels = stream(np.random.default_rng(4), 900, shift=0.5)
    at_once, found = ResidualDetector(500.0).after(probabilities, labels)
    parts, positions = ResidualDetector(500.0), []
    for part in np.array_split(np.arange(900), 7):
        parts, one = parts.after(probabilities[part], labels[part])
        positions.append(one.position)
    assert parts.log_sums == pytest.approx(at_once.log_sums, abs=1e-9)
    assert next(p for p in positions if p is not None) == found.position


def test_the_first_change_of_a_sea_stream_is_found():
    one = simulate_sea(n_rows=8_000, seed=5)
    _, found = ResidualDetector(run_rows=1e5).after(one.probabilities, one.labels)
    assert one.changes[0] <= found.position < one.changes[0] + 1_000


@pytest.mark.parametrize("labels", [[0.5], [0, 1]])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(DataError, match="0 or 1"):
        ResidualDetector().after([0.5], labels)


def test_an_alarm_at_every_row_is_refused():
    with pytest.raises(ConfigError, match="run_rows"):
        ResidualDetector(run_rows=1.0)
