"""The evaluation fails closed, and the shipped questions are whole."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from assay.errors import DataError
from assay.retrieval.answers.golden import (
    EvaluationReport,
    limits_missed,
    read_golden,
    regressions,
)
from assay.retrieval.evaluation import Measure
from deployments.environment import project_root

DATA = project_root() / "data"


@pytest.mark.parametrize(
    ("values", "limits", "failure"),
    [
        ({"a": 0.9}, {"a": 0.95}, "a is 0.900, below 0.950"),
        ({"a": 0.9}, {}, "a has no limit"),
        ({}, {"a": 0.9}, "a was not measured"),
        ({"a": math.nan}, {"a": 0.9}, "a is nan, below 0.900"),
        ({"a": 0.9}, {"a": math.nan}, "a is 0.900, below nan"),
    ],
)
def test_what_is_missing_or_no_number_fails(values, limits, failure):
    assert limits_missed(values, limits) == (failure,)


def test_what_reaches_its_limit_passes():
    assert limits_missed({"a": 0.9}, {"a": 0.9}) == ()


def test_the_shipped_questions_are_of_every_kind_and_their_answers_stand_in_the_text():
    golden = read_golden(DATA / "evaluation" / "golden.jsonl")
    kinds = Counter(one.kind for one in golden)
    assert set(kinds) == {"answerable", "empty", "injected", "near_scope", "out_of_scope"}
    assert len({one.id for one in golden}) == len(golden) >= 59
    for one in golden:
        for name in one.documents:
            assert one.contains in (DATA / "documents" / name).read_text() or (
                name.endswith(".html")
            )


def test_every_measure_of_the_shipped_limits_is_a_share():
    limits = json.loads((DATA / "evaluation" / "limits.json").read_text())
    assert all(0 < value <= 1 for value in limits.values())


def test_a_wrong_line_is_named(tmp_path):
    path = tmp_path / "golden.jsonl"
    path.write_text('{"id": "a", "kind": "odd", "question": "?"}\n')
    with pytest.raises(DataError, match=r"golden\.jsonl line 1: kind 'odd'"):
        read_golden(path)


def report_of(version, values, name="recall_at_5"):
    questions = {f"q{at}": {name: value} for at, value in enumerate(values)}
    mean = Measure(float(np.mean(values)), 0.0, 1.0, len(values))
    return EvaluationReport(version, {name: mean}, {}, (), (), questions)


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        ([1, 1, 1, 0] * 10, [1, 1, 1, 0] * 10, True),
        ([1, 1, 1, 0] * 10, [1, 1, 1, 1] * 10, True),
        ([1, 1, 1, 0] * 10, [0, 1, 1, 0] * 10, False),
        ([1, 1, 1, 1] * 10, [1, 1, 1, float("nan")] * 10, False),
    ],
)
def test_a_version_that_is_worse_question_by_question_is_a_regression(
    before, after, passes
):
    found = regressions(
        report_of("a", before),
        report_of("b", after),
        margin=0.1,
        rng=np.random.default_rng(0),
    )
    assert (found == ()) is passes


def test_a_measure_that_is_gone_or_asked_otherwise_is_a_regression():
    rng = np.random.default_rng(0)
    old = report_of("a", [1, 1])
    for new in (report_of("b", [1, 1], "other"), report_of("b", [1, 1, 1])):
        (failure,) = regressions(old, new, margin=1.0, rng=rng)
        assert "not measured on the same questions" in failure
