"""A gate for one index: moved by its questions, and only where they say enough."""

from dataclasses import replace

import numpy as np
import pytest

from assay.retrieval.evaluation import auroc
from assay.retrieval.learning.gate import fit_gate
from assay.retrieval.learning.own_gate import (
    LEAST_OF_A_KIND,
    calibrated_gate,
    moved_gate,
    question_rows,
)
from assay.retrieval.search import open_engine
from assay.retrieval.search.evidence import GATE_FEATURES

N = len(GATE_FEATURES)
ANSWERED = ["What was net interest income in 2022?", "How many offices are there?"]
OTHERS = ["Who won the chess match?", "What is the melting point of tin?"]


def simulated(rng, n, turned):
    """Return rows of an index in whose style the fourth feature tells, if turned."""
    rows = rng.normal(size=(n, N))
    logits = 2 * rows[:, 0] + (4 * rows[:, 3] if turned else 0)
    return rows, rng.random(n) < 1 / (1 + np.exp(-logits))


@pytest.fixture(scope="module")
def shipped():
    return fit_gate(*simulated(np.random.default_rng(0), 3000, turned=False))


@pytest.fixture
def engine(parts, encode):
    return open_engine(parts, encode)


def test_questions_of_an_index_move_the_gate_to_what_tells_there(shipped):
    rng = np.random.default_rng(1)
    moved = moved_gate(shipped, *simulated(rng, 400, turned=True))
    rows, answerable = simulated(rng, 2000, turned=True)

    def separation(gate):
        found = gate.probability(rows)
        return auroc(found[answerable], found[~answerable])

    assert separation(moved) > separation(shipped) + 0.1


def test_a_few_questions_move_the_gate_little(shipped):
    rows, answerable = simulated(np.random.default_rng(2), 6, turned=True)
    moved = moved_gate(shipped, rows, answerable)
    some, _ = simulated(np.random.default_rng(3), 500, turned=False)
    assert np.corrcoef(moved.probability(some), shipped.probability(some))[0, 1] > 0.9


def test_questions_of_the_index_are_a_known_style(shipped):
    rows, answerable = simulated(np.random.default_rng(4), 100, turned=True)
    away = rows + 30 * shipped.spread
    assert shipped.strangeness(away).min() > 1000
    assert np.median(moved_gate(shipped, away, answerable).strangeness(away)) < 2 * N


def test_too_few_questions_leave_the_gate_that_ships_and_say_so(engine):
    gate, found = calibrated_gate(engine, ANSWERED + OTHERS, [True, True, False, False])
    assert gate is engine.gate
    assert found.source == "shipped"
    assert found.reason.startswith("2 answerable and 2 other judged questions")
    assert found.auroc is None


def test_a_fit_that_brings_nothing_leaves_the_gate_that_ships(engine):
    questions = [f"{q} {n}" for n in range(LEAST_OF_A_KIND) for q in (*ANSWERED, *OTHERS)]
    label = np.random.default_rng(5).random(len(questions)) < 0.5
    # The labels are coin tosses, so that nothing can be learned from them.
    tossed, found = calibrated_gate(engine, questions, label.tolist())
    assert (found.source, tossed) == ("shipped", engine.gate)
    assert "tells the judged questions apart as well" in found.reason
    assert found.auroc <= found.auroc_shipped


def test_judged_questions_give_a_gate_and_a_threshold_of_questions_not_seen(engine):
    answered = [f"{q} {n}" for n in range(LEAST_OF_A_KIND) for q in ANSWERED]
    others = [f"{q} {n}" for n in range(LEAST_OF_A_KIND) for q in OTHERS]
    wrong = replace(
        engine.gate, weights=-engine.gate.weights, general=-engine.gate.general
    )
    gate, found = calibrated_gate(
        replace(engine, gate=wrong),
        answered + others,
        [True] * len(answered) + [False] * len(others),
    )
    assert (found.source, found.n_answerable, found.n_others) == (
        "judged questions",
        len(answered),
        len(others),
    )
    assert found.auroc > 0.95 > found.auroc_shipped
    assert found.false_answers < found.false_answers_shipped
    assert gate.threshold != wrong.threshold
    passing = gate.probability(question_rows(engine, answered)) >= gate.threshold
    assert passing.mean() >= 0.9


def test_strangeness_is_the_squared_distance_in_the_shape_of_the_nearest_style(shipped):
    far = shipped.style_centres[0] + 1.5 * np.eye(N)[2]
    expected = 1.5**2 * shipped.style_precisions[0][2, 2]
    assert expected != pytest.approx(1.5**2, rel=1e-3)
    assert shipped.strangeness(far)[0] == pytest.approx(expected)
