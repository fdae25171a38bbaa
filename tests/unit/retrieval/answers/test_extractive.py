"""Quoted sentences are exact, located and the right ones."""

import numpy as np
import pytest

from assay.retrieval.answers.extractive import quotations
from assay.retrieval.answers.sentences import SENTENCE_FEATURES, sentence_features
from assay.retrieval.parts import build_parts
from assay.retrieval.types import Document, Hit

TEXT = (
    "The bank was founded in Leith. Net interest income rose to $1,452.4 million. "
    "Directors met nine times. Offices closed in March 2022."
)
WEIGHTS = np.array([3.0 if n == "coverage" else 0.1 for n in SENTENCE_FEATURES])


def parts_of(encode, **options):
    rain = Document("rain", "Rain", "Rain fell on the harbour.")
    return build_parts([Document("report", "Report", TEXT, **options), rain], encode)


@pytest.fixture
def index(encode):
    return parts_of(encode, pages=(0,))


@pytest.fixture
def hits(index):
    return [Hit(index.passages[0], 1.0, row=0)] * 2


def test_the_sentence_that_is_asked_for_is_quoted_word_for_word(hits, index):
    found = quotations("What was net interest income?", hits, index, weights=WEIGHTS)
    assert found[0].text == "Net interest income rose to $1,452.4 million."
    assert all(TEXT[one.start : one.end] == one.text for one in found)
    assert (found[0].document_id, found[0].page) == ("report", 1)


def test_a_quotation_is_on_the_page_where_it_begins(encode):
    parts = parts_of(encode, pages=(0, TEXT.index("Directors")))
    hit = Hit(parts.passages[0], 1.0, row=0)
    found = quotations("When did offices close?", [hit], parts, weights=WEIGHTS)
    assert (hit.passage.page, found[0].page) == (1, 2)


def test_a_sentence_of_two_passages_is_quoted_once(hits, index):
    found = quotations("When did offices close?", hits, index, n=8, weights=WEIGHTS)
    assert len(found) == len({one.start for one in found}) == 4


def test_without_hits_nothing_is_quoted(index):
    assert quotations("When?", [], index, weights=WEIGHTS) == ()


def test_shares_fall_and_stay_below_one(hits, index):
    found = quotations("When did offices close?", hits, index, weights=WEIGHTS)
    assert 1 >= found[0].score >= found[1].score >= 0


@pytest.mark.parametrize(
    ("question", "feature", "sentence"),
    [
        ("How many times did directors meet?", "kind_missing", 0),
        ("When did offices close?", "year_asked", 3),
        ("Where was the bank founded?", "name_asked", 0),
        ("What was the total income?", "number_asked", 1),
    ],
)
def test_the_kind_of_answer_is_looked_for(hits, index, question, feature, sentence):
    found = sentence_features(question, hits[:1], index)
    assert found.features[sentence, SENTENCE_FEATURES.index(feature)] == 1.0


def test_the_sentence_weights_that_ship_are_used_by_default(hits, index):
    found = quotations("What was net interest income?", hits, index)
    assert found[0].text == "Net interest income rose to $1,452.4 million."
