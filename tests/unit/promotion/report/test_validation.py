"""The report says what the evidence says, all of it and nothing else."""

from dataclasses import replace

import pytest

from assay.promotion import PromotionEvidence, decide_promotion
from assay.promotion.report import html_page, markdown_page, validation_document
from assay.promotion.report.parts import figure
from tests.unit.promotion.conftest import CONTRACT, NOT_WHOLE, WHOLE, Figure


def test_the_report_of_a_kept_gate_is_as_expected(case, same_as_expected):
    document = validation_document(case)
    images = {name: f"https://files/{name}.png" for name in ("roc", "slices")}
    same_as_expected(markdown_page(document, images), "report.md")
    same_as_expected(html_page(document), "report.html")


def test_a_first_challenger_with_nothing_measured_is_refused_in_words(
    case, same_as_expected
):
    bare = PromotionEvidence(metrics={}, note="nothing was measured")
    refused = replace(
        case,
        champion=None,
        champion_version=0,
        evidence=bare,
        decision=decide_promotion(case.contract, bare),
        pictures={},
    )
    document = validation_document(refused)
    assert document.verdict == "refuse"
    same_as_expected(markdown_page(document), "refused.md")


def test_every_rule_of_the_decision_is_in_the_report(case):
    bad = replace(WHOLE, parity=None, cost_saved=Figure(0.1, -0.1, 0.2))
    decision = decide_promotion(case.contract, bad)
    text = html_page(validation_document(replace(case, evidence=bad, decision=decision)))
    for sentence in (*decision.passes, *decision.failures, *decision.notes):
        rule = sentence.rpartition("; from ")[0] or sentence
        assert rule.replace("'", "&#x27;") in text


@pytest.mark.parametrize(("n", "more"), [(1, ""), (3, ""), (4, "; and 1 more")])
def test_the_summary_names_three_failures_and_counts_the_rest(case, n, more):
    failures = tuple(f"rule {k}" for k in range(n))
    decision = replace(case.decision, failures=failures)
    found = validation_document(replace(case, decision=decision)).summary
    assert found == f"Refused: {'; '.join(failures[:3])}{more}."


def test_only_the_last_origin_of_a_sentence_is_its_own(case):
    decision = replace(case.decision, notes=("slice x = a; from b: 1; from abc",))
    text = markdown_page(validation_document(replace(case, decision=decision)))
    assert "| shown | slice x = a; from b: 1 | abc |" in text


def test_no_rule_at_all_is_told_as_a_refusal(case):
    decision = replace(case.decision, passes=(), failures=(), notes=())
    found = validation_document(replace(case, decision=decision)).summary
    assert found == "Refused: no rule was judged."


def test_rows_without_time_or_waiting_are_told_in_the_limits(case):
    from assay.contract import read_contract

    timeless = read_contract(
        CONTRACT.replace("maturity_days = 90", "").replace(
            'name = "at"\ndtype = "timestamp"\nrole = "event_time"',
            'name = "at"\ndtype = "text"\nrole = "ignored"',
        )
    )
    text = markdown_page(validation_document(replace(case, contract=timeless)))
    assert "Rows have no time: stability over time is not known." in text
    assert "newer rows were not judged" not in text


@pytest.mark.parametrize("found", NOT_WHOLE)
def test_what_is_no_number_is_not_defined(found):
    assert figure(found) == "not defined"
