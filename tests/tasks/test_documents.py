"""Limits are read or refused, and the page says what failed."""

import pytest

from assay.errors import DataError, SourceError
from assay.retrieval.answers.golden import EvaluationReport
from assay.retrieval.evaluation import Measure
from tasks.documents import evaluation_page, gate_line, read_limits


def test_limits_that_are_absent_or_wrong_are_refused(tmp_path):
    path = tmp_path / "limits.json"
    with pytest.raises(SourceError, match=r"limits\.json cannot be read"):
        read_limits(path)
    for wrong in ("[]", "{", '{"a": "much"}'):
        path.write_text(wrong)
        with pytest.raises(DataError, match="no JSON object of numbers"):
            read_limits(path)


def test_the_page_shows_measures_with_intervals_and_why_it_failed():
    report = EvaluationReport(
        "abc",
        {"recall_at_5": Measure(0.5, 0.4, 0.6, 10)},
        {"p50": 1.0, "p99": 2.0},
        ("answerable-01",),
        ("recall_at_5 is 0.500, below 0.900",),
    )
    page = evaluation_page(report)
    assert "| recall_at_5 | 0.500 | 0.400 to 0.600 | 10 |" in page
    assert "failed: recall_at_5 is 0.500, below 0.900" in page
    assert "answerable-01" in page
    assert not report.passed


def test_the_page_says_what_the_gate_was_fitted_to():
    fitted = {
        "source": "judged questions",
        "n_answerable": 30,
        "n_others": 25,
        "auroc": 0.9812,
        "auroc_shipped": 0.938,
        "false_answers": 0.08,
        "false_answers_shipped": 0.225,
        "false_refusals": 0.05,
    }
    said = gate_line(fitted)
    assert "30 answerable and 25 other judged questions" in said
    assert "AUROC 0.981" in said
    assert "(0.938 with the gate that ships)" in said
    assert "8.0% false answers at 5% false refusals (22.5%)" in said
    shipped = {"source": "shipped", "reason": "no judged questions were given"}
    assert gate_line(shipped) == (
        "The gate is the one that ships: no judged questions were given."
    )
