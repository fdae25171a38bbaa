"""Reasons of a text: what a part weighs, exact, and where it stands."""

import itertools
import math

import numpy as np
import pytest

from assay.bundle import Scorer
from assay.contract import read_contract
from assay.encoders.encoder import EncoderClassifier
from assay.encoders.graphs import encoder_graph, words_graph
from assay.encoders.words import WordClassifier
from assay.reasons.quotes import (
    MOST_PARTS,
    CoalitionTable,
    Quote,
    WordsTable,
    completeness,
    log_odds,
    parts_of,
    shapley,
    told,
)
from tests.texts import CONTRACT, notes, small_encoder

FRAME = notes(300)
MATRIX = FRAME["words said"].to_numpy(object).reshape(-1, 1)
LABELS = FRAME["bad"].to_numpy(float)
SLOPE, INTERCEPT = 1.3, -0.2
TEXT = "the company said profit rose, but debt fell badly and debt fell"


@pytest.fixture(scope="module")
def words():
    return WordClassifier().fit(MATRIX, LABELS)


@pytest.fixture(scope="module")
def word_scorer(words):
    graph = words_graph(words, "words said", SLOPE, INTERCEPT)
    return Scorer(graph, read_contract(CONTRACT))


@pytest.fixture(scope="module")
def word_table(words):
    numbers = words.numbers()
    terms = np.full((len(words.terms_), 2), -1)
    for row, term in enumerate(words.terms_):
        terms[row, : len(term)] = [numbers[word] for word in term]
    base = SLOPE * words.intercept_ + INTERCEPT
    return WordsTable.of(terms, words.idf_, SLOPE * words.weights_, base)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = small_encoder(tmp_path_factory.mktemp("encoder"))
    options = {"training": "full", "passes": 6, "encoder_rate": 2e-3}
    model = EncoderClassifier({"encoder": folder, **options}).fit(MATRIX, LABELS).model_
    graph = model.log_odds_graph("words said")
    made = encoder_graph(graph, model.tokenizer_text(), SLOPE, INTERCEPT)
    return Scorer(made, read_contract(CONTRACT))


def probability(scorer, text):
    return float(scorer.probabilities({"words said": [text]})[0])


@pytest.mark.parametrize("text", [*MATRIX[:20, 0], TEXT, "zzz qqq", "loss"])
def test_contributions_of_words_add_up_to_the_log_odds(text, word_scorer, word_table):
    found = word_table.quotes(word_scorer.read(text), 0.0)
    assert completeness(found, word_table.base, probability(word_scorer, text)) < 1e-12


def test_a_word_alone_has_what_its_term_weighs(words, word_scorer, word_table):
    (found,) = word_table.quotes(word_scorer.read("Loss!"), 0.0)
    weight = words.weights_[words.terms_.index(("loss",))]
    assert found == Quote(0, 4, pytest.approx(SLOPE * weight, rel=1e-12))


def test_a_pair_is_shared_by_its_words_and_a_repeated_word_is_quoted_once():
    pairs = np.array([[5, -1], [5, 6]])
    table = WordsTable.of(pairs, np.array([1.0, 2.0]), np.array([3.0, 4.0]), -1.0)
    from assay.bundle.tokens import TextTokens

    tokens = TextTokens(
        "ab cd ab",
        np.array([[0, 5, 6, 5]]),
        np.array([0, 0, 3, 6]),
        np.array([0, 2, 5, 8]),
        np.array([True, False, False, False]),
    )
    column = 1 + math.log(2)  # "ab" stands twice
    length = math.hypot(column, 2.0)
    found = {(q.start, q.end): q.contribution for q in table.quotes(tokens, 0.0)}
    assert found == {
        (0, 2): pytest.approx((3 * column + 4 * 2 / 2) / length),
        (3, 5): pytest.approx(4 * 2 / 2 / length),
    }


@pytest.mark.parametrize("seed", range(10))
def test_shapley_values_are_the_mean_over_all_orders(seed):
    worth = np.random.default_rng(seed).normal(size=8)
    expected = np.zeros(3)
    for order in itertools.permutations(range(3)):
        seen = 0
        for player in order:
            expected[player] += (worth[seen | 1 << player] - worth[seen]) / 6
            seen |= 1 << player
    assert shapley(worth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("text", ["debt fell badly", TEXT, "profit " * 12, "日本 debt"])
def test_shapley_values_of_parts_add_up_to_the_log_odds(text, reader):
    base = log_odds(reader.probability_of_tokens(reader.read("").ids))
    table = CoalitionTable(base, reader.probability_of_tokens)
    here = probability(reader, text)
    found = table.quotes(reader.read(text), here)
    assert completeness(found, base, here) < 1e-9
    assert len(found) <= MOST_PARTS
    spans = [(quote.start, quote.end) for quote in found]
    assert spans == sorted(spans)
    assert "".join(text[a:b] for a, b in spans).replace(" ", "") == text.replace(" ", "")


def test_of_two_words_the_values_are_those_by_hand(reader):
    base = log_odds(reader.probability_of_tokens(reader.read("").ids))
    table = CoalitionTable(base, reader.probability_of_tokens)
    first, second, both = (
        log_odds(probability(reader, text)) for text in ("debt", "profit", "debt profit")
    )
    found = table.quotes(reader.read("debt profit"), probability(reader, "debt profit"))
    by_hand = ((first - base) + (both - second)) / 2
    assert found[0] == (0, 4, pytest.approx(by_hand, abs=1e-9))
    assert found[0].contribution > found[1].contribution


def test_parts_are_words_or_runs_of_words_and_marks_are_in_none(reader):
    few = reader.read("debt fell, badly")
    assert [few.text[few.starts[p[0]] : few.ends[p[-1]]] for p in parts_of(few)] == [
        "debt",
        "fell,",
        "badly",
    ]
    many = reader.read(" ".join(["debt"] * 22))
    assert [len(part) for part in parts_of(many)] == [5, 5, 4, 4, 4]
    assert parts_of(reader.read("")) == []


def test_those_are_told_that_weigh_most_at_most_four_and_none_too_light():
    quotes = [Quote(at, at + 1, w) for at, w in enumerate([0.1, 3.0, -5.0, 3.0, 1.1])]
    assert [each.start for each in told(quotes)] == [1, 3, 4]
    assert [each.start for each in told([Quote(0, 1, 1e-9)])] == [0]
    assert told([Quote(0, 1, -1.0)]) == []
    assert len(told([Quote(at, at + 1, 1.0) for at in range(6)])) == 4
