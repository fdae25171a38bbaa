"""An adverse answer carries its reasons; others, and older versions, do without."""

import dataclasses
import json

import numpy as np
import pytest

from assay.bundle import read_bundle
from assay.errors import BundleError
from assay.reasons import REASONS, Explainer, LinearTable, explainer_bytes
from serving.champion import load_champion
from serving.openapi import _model_schemas
from serving.routers.scoring import scored, scored_batch
from tests.serving.conftest import CONTRACT, ROW

TEXTS = {
    "income": "Income is low",
    "n_loans": "Number of loans",
    "age": "Your age",
    "has_account": "Account",
}
BIAS, SLOPE = 0.04, 1e-6


@pytest.fixture
def bundle(make_bundle):
    text = CONTRACT
    for name, reason in TEXTS.items():
        text = text.replace(
            f'name = "{name}"\n', f'name = "{name}"\nreason = "{reason}"\n'
        )
    made = make_bundle(bias=BIAS, contract_text=text, threshold=0.52)
    return read_bundle(made.folder)


def with_reasons(bundle, slope=SLOPE, usual_income=40_000.0):
    """Add the table of the graph, which sums the numbers and flags."""
    numeric = np.array([0, 1, 2, 3, 6])
    means = np.array([usual_income, 0, 2, 0, 0])
    none, ones = np.zeros(0, dtype=np.int64), np.ones(5)
    table = LinearTable(
        *(numeric, none, none, 0 * ones, 0 * ones, ones, np.zeros(0)),
        weights=slope * ones,
        means=means,
        expected=BIAS + slope * means.sum(),
        n_features=7,
    )
    explainer = Explainer.of(table, np.zeros(7), bundle.contract)
    documents = {**bundle.documents, REASONS: explainer_bytes(explainer)}
    return dataclasses.replace(bundle, documents=documents)


def test_the_adverse_decision_names_what_weighed_most(bundle):
    near = with_reasons(bundle, usual_income=ROW["income"] - 2.0)
    champion = load_champion("tiny", "1", near)
    answer = json.loads(scored(champion, json.dumps(ROW).encode(), "r"))
    assert answer["decision"] == "decline"
    assert answer["reasons"] == [
        {"field": "income", "text": "Income is low"},
        {"field": "has_account", "text": "Account"},
    ]


def test_what_hardly_weighed_is_no_reason(bundle):
    champion = load_champion("tiny", "1", with_reasons(bundle))
    answer = json.loads(scored(champion, json.dumps(ROW).encode(), "r"))
    assert answer["reasons"] == [{"field": "income", "text": "Income is low"}]


def test_a_batch_gives_reasons_to_its_adverse_rows_only(bundle):
    champion = load_champion("tiny", "1", with_reasons(bundle))
    rows = [{**ROW, "income": 1000}, ROW]
    body = json.dumps({"rows": rows}).encode()
    scores = json.loads(scored_batch(champion, body, "r"))["scores"]
    assert [score["decision"] for score in scores] == ["approve", "decline"]
    assert "reasons" not in scores[0]
    alone = json.loads(scored(champion, json.dumps(ROW).encode(), "r"))
    assert scores[1]["reasons"] == alone["reasons"]


def test_an_older_version_answers_without_reasons(bundle):
    champion = load_champion("tiny", "1", bundle)
    answer = json.loads(scored(champion, json.dumps(ROW).encode(), "r"))
    assert answer["decision"] == "decline"
    assert "reasons" not in answer


def test_reasons_of_another_model_are_refused(bundle):
    with pytest.raises(BundleError, match="do not add up"):
        load_champion("tiny", "1", with_reasons(bundle, slope=2e-6))


def test_the_description_lists_the_texts_that_may_be_given(bundle):
    champion = load_champion("tiny", "1", with_reasons(bundle))
    schemas = _model_schemas(champion)
    decision = next(s for name, s in schemas.items() if name.endswith("Decision"))
    reason = decision["properties"]["reasons"]["items"]["properties"]
    assert reason["field"]["enum"] == ["income", "n_loans", "has_account"]
    assert "reasons" not in decision["required"]
