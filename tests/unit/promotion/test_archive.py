"""The evidence's file: the same in, the same bytes out, and nothing lost."""

import json
from dataclasses import replace

import pytest

from assay.promotion import decide_promotion
from assay.promotion.archive import evidence_file
from tests.unit.promotion.conftest import WHOLE, Figure


def test_the_file_holds_the_evidence_and_the_decision(contract, same_as_expected):
    decision = decide_promotion(contract, WHOLE)
    found = evidence_file(WHOLE, decision)
    assert found == evidence_file(WHOLE, decision)
    same_as_expected(found.decode(), "evidence.json")


def test_what_is_not_finite_is_null_and_absent_parts_are_empty(contract):
    odd = Figure(float("nan"), float("-inf"), 0.5)
    evidence = replace(WHOLE, cost_saved=odd, parity=None, months=())
    content = json.loads(evidence_file(evidence, decide_promotion(contract, evidence)))
    assert content["evidence"]["cost_saved"] == {"value": None, "low": None, "high": 0.5}
    assert content["evidence"]["parity"] is None
    assert content["evidence"]["months"] == []
    assert len(content["decision"]["failures"]) == 3


def test_another_figure_gives_another_file(contract):
    decision = decide_promotion(contract, WHOLE)
    other = replace(WHOLE, cost_saved=Figure(0.3, 0.2, 0.41))
    assert evidence_file(other, decision) != evidence_file(WHOLE, decision)


def test_a_number_that_json_has_no_word_for_never_reaches_the_file(contract):
    odd = replace(WHOLE, note=[float("nan")])
    with pytest.raises(ValueError, match="not JSON compliant"):
        evidence_file(odd, decide_promotion(contract, WHOLE))
