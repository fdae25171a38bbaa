"""What the sections say of cases that the whole report of the tests does not show."""

from dataclasses import replace

import pytest

from assay.contract import read_contract
from assay.promotion.evidence import Origin
from assay.promotion.report import Picture, html_page, validation_document
from assay.promotion.report.sections import fairness, lineage, performance, purpose
from tests.unit.promotion.conftest import CONTRACT, DIGEST, WHOLE, Figure


def test_a_contract_without_protected_fields_says_none(case):
    text = CONTRACT.replace('role = "protected"', 'role = "ignored"')
    bullets = purpose(replace(case, contract=read_contract(text))).bullets
    assert bullets[3] == (
        "Protected fields, kept for comparison and not used by the model: none."
    )


def test_sections_that_came_from_the_same_share_a_line(case):
    same = Origin({"challenger": DIGEST, "holdout": "cd" * 32})
    evidence = replace(WHOLE, origins={"metrics": same, "slices": same})
    [row] = lineage(replace(case, evidence=evidence)).grids[2].rows
    assert row == (
        same.digest[:12],
        "metrics, slices",
        "challenger abababababab, holdout cdcdcdcdcdcd",
    )


def test_without_a_champion_there_is_no_column_about_one(case):
    alone = replace(WHOLE, has_champion=False)
    section = performance(replace(case, evidence=alone))
    [grid] = section.grids
    assert grid.columns == ("metric", "challenger", "from")
    origin = alone.origin("metrics")
    assert grid.rows[0] == ("auc", "0.8000 [0.7800, 0.8200]", origin)
    assert grid.rows[-1] == (
        "cost saved against a constant decision (USD)",
        "0.3000 [0.2000, 0.4000]",
        origin,
    )
    page = html_page(validation_document(replace(case, evidence=alone)))
    assert "less champion" not in page


def test_a_gain_from_nowhere_is_said_to_be_so(case):
    origins = {name: o for name, o in WHOLE.origins.items() if name != "improvements"}
    section = performance(replace(case, evidence=replace(WHOLE, origins=origins)))
    assert section.grids[0].rows[0][-1] == f"{WHOLE.origin('metrics')}, nowhere"


@pytest.mark.parametrize("name", ["roc", "calibration", "scores"])
def test_each_picture_of_the_performance_is_shown(case, name):
    only = {name: Picture(name, b"png", "caption"), "other": Picture("o", b"", "")}
    assert performance(replace(case, pictures=only)).pictures == (only[name],)


def test_the_references_of_two_fields_are_told_apart(case):
    other = replace(WHOLE.fairness[0], field="region", reference="north")
    evidence = replace(WHOLE, fairness=(*WHOLE.fairness, other))
    [text] = fairness(replace(case, evidence=evidence)).paragraphs
    assert "approved most (gender: b; region: north). Differences" in text
    [text] = fairness(replace(case, evidence=replace(WHOLE, fairness=()))).paragraphs
    assert "approved most (none). Differences" in text


def test_a_figure_without_a_champions_says_so(case):
    evidence = replace(WHOLE, improvements={"auc": Figure(0.02, 0.01, 0.03)})
    rows = performance(replace(case, evidence=evidence)).grids[0].rows
    gains = {row[0]: row[2] for row in rows}
    assert gains["auc"] == "+0.0200 [+0.0100, +0.0300]"
    assert gains["brier"] == "not defined"
