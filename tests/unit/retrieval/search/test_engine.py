"""The front door: hits with parts, filters, refusals, folders."""

import numpy as np
import pytest

from assay.errors import BundleError, DataError
from assay.retrieval.parts import build_parts
from assay.retrieval.parts.folder import read_parts, save_parts
from assay.retrieval.parts.nearest import Nearest
from assay.retrieval.search import (
    Defaults,
    defaults_from,
    open_engine,
    ranked_documents,
    search,
    shipped_defaults,
    stored_form,
)
from assay.retrieval.search.evidence import GATE_FEATURES
from assay.retrieval.search.features import FEATURES
from assay.retrieval.search.gate import Gate, Refusal
from assay.retrieval.search.reranker import Reranker
from assay.retrieval.types import Document


def plain_defaults():
    weights = dict.fromkeys(FEATURES, 0.0) | {"coverage": 2.0, "year": 1.0, "pairs": 1.0}
    n = len(GATE_FEATURES)
    logistic = np.zeros(1 + n + n * (n + 1) // 2)
    logistic[:2] = -2.0, 0.0
    logistic[1 + GATE_FEATURES.index("coverage_best")] = 4.0
    general = logistic[: n + 1]
    gate = Gate(
        np.zeros(n), np.ones(n), logistic, general, np.zeros((1, n)), np.eye(n)[None], 0.5
    )
    return Defaults(Reranker(np.array([weights[name] for name in FEATURES])), gate)


@pytest.fixture(scope="module")
def engine(parts, encode):
    return open_engine(parts, encode, defaults=plain_defaults())


def test_the_passage_that_answers_comes_first_with_its_parts(engine):
    found = search(engine, "What was Northwind's net interest income in 2021?", k=2)
    assert next(hit.passage.document_id for hit in found.hits) == "northwind-2021"
    assert set(found.hits[0].parts) == set(FEATURES)
    assert found.hits[0].score >= found.hits[1].score
    assert found.gate.passes


def test_a_question_off_the_documents_is_refused_for_weak_evidence(engine):
    found = search(engine, "Who painted the ceiling of the chapel?")
    assert found.gate.refusals == (Refusal.WEAK_EVIDENCE,)


def test_a_year_without_evidence_is_refused_by_its_name(engine):
    found = search(engine, "What was Northwind's net interest income in 1987?")
    assert Refusal.PERIOD_NOT_IN_DOCUMENTS in found.gate.refusals
    assert found.gate.missing == ("1987",)


def test_filters_that_nothing_passes_find_nothing_and_refuse(engine):
    found = search(engine, "net interest income", filters={"company": "Nobody"})
    assert found.hits == ()
    assert not found.gate.passes


@pytest.mark.parametrize("question", ["", "  ", "?!", "x" * 4001])
def test_what_is_no_question_is_an_error(engine, question):
    with pytest.raises(DataError, match="the question has"):
        search(engine, question)


def test_no_hit_wanted_is_an_error(engine):
    with pytest.raises(DataError, match="at least one hit"):
        search(engine, "income", k=0)


def test_a_cross_encoder_reorders_the_leading_hits(parts, encode):
    def favours_weather(question, texts):
        assert question == "rain in 2022"
        return np.array([10.0 * ("Weather" in text) for text in texts], dtype=np.float32)

    crossed = open_engine(
        parts, encode, defaults=plain_defaults(), cross_encode=favours_weather
    )
    found = search(crossed, "rain in 2022", k=1)
    assert found.hits[0].passage.document_id == "weather"


def test_an_index_read_from_its_folder_answers_the_same(engine, parts, encode, tmp_path):
    save_parts(parts, tmp_path)
    again = open_engine(read_parts(tmp_path), encode, defaults=plain_defaults())
    question = "What was Northwind's net interest income in 2021?"
    assert search(again, question) == search(engine, question)


@pytest.mark.parametrize(
    "name", ["vectors.faiss", "passages.jsonl", "lexical.npz", "places.npz"]
)
def test_a_folder_without_a_part_is_refused(parts, tmp_path, name):
    save_parts(parts, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        read_parts(tmp_path)


def test_a_folder_whose_parts_disagree_is_refused(parts, tmp_path):
    save_parts(parts, tmp_path)
    all_but_one = np.arange(len(parts.vectors) - 1)
    Nearest.of(parts.vectors.at(all_but_one)).save(tmp_path / "vectors.faiss")
    with pytest.raises(BundleError, match="disagrees with itself"):
        read_parts(tmp_path)


def test_documents_of_hits_come_once(engine):
    hits = search(engine, "net interest income", k=10).hits
    documents = ranked_documents(hits + hits)
    assert len(documents) == len(set(documents)) == 4


def test_repeated_ids_and_empty_corpora_are_refused(encode):
    twice = [Document("a", "", "One."), Document("a", "", "Two.")]
    with pytest.raises(DataError, match="repeat another's id"):
        build_parts(twice, encode)
    with pytest.raises(DataError, match="has text to index"):
        build_parts([Document("a", "title", " \n ")], encode)


def test_the_weights_that_ship_fit_the_features():
    shipped = shipped_defaults()
    again = defaults_from(stored_form(shipped))
    np.testing.assert_array_equal(shipped.reranker.weights, again.reranker.weights)
    assert 0 < shipped.gate.threshold < 1


def test_weights_that_lack_a_feature_are_refused():
    stored = stored_form(plain_defaults())
    del stored["reranker"]["dense"]
    with pytest.raises(BundleError, match="dense"):
        defaults_from(stored)
