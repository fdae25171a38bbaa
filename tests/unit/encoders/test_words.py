"""Words by TF-IDF: equal to scikit-learn's, and their graph equal to them."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from assay.bundle import Scorer
from assay.contract import read_contract
from assay.encoders.graphs import words_graph
from assay.encoders.words import BEGIN, WordClassifier
from tests.texts import CONTRACT, notes

FRAME = notes(400)
MATRIX = FRAME["words said"].to_numpy(object).reshape(-1, 1)
LABELS = FRAME["bad"].to_numpy(float)
ODD = ["!!!", "a", "profit", "profit profit LOSS", "x y z", "日本語 loss", "sales\tgrew."]


@pytest.fixture(scope="module", params=[1, 2])
def words(request):
    return WordClassifier(most_words=request.param).fit(MATRIX[:300], LABELS[:300])


def as_matrix(texts):
    return np.array(texts, dtype=object).reshape(-1, 1)


def test_it_scores_as_scikit_learns_own_vectors_do(words):
    columns = TfidfVectorizer(
        ngram_range=(1, words.most_words), min_df=2, sublinear_tf=True
    )
    known = columns.fit_transform(MATRIX[:300, 0])
    theirs = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    theirs.fit(known, LABELS[:300])
    texts = [*MATRIX[300:, 0], *ODD]
    expected = theirs.decision_function(columns.transform(texts))
    # The solver stops at its own tolerance, from columns in another order.
    assert np.abs(words.decision_function(as_matrix(texts)) - expected).max() < 2e-3
    assert len(words.terms_) == len(columns.vocabulary_)


def test_the_graph_answers_as_the_classifier(words):
    graph = words_graph(words, "words said", 1.7, -0.3)
    scorer = Scorer(graph, read_contract(CONTRACT))
    texts = [*MATRIX[300:, 0], *ODD]
    found = scorer.probabilities({"words said": texts})
    log_odds = 1.7 * words.decision_function(as_matrix(texts)) - 0.3
    assert np.abs(found - 1 / (1 + np.exp(-log_odds))).max() < 1e-14
    assert scorer.tolerance == 1e-12


def test_a_text_without_a_known_word_has_the_intercept(words):
    found = words.decision_function(as_matrix(["!!!", "zzz qqq"]))
    assert found.tolist() == [words.intercept_] * 2


def test_pairs_tell_what_words_alone_do_not():
    texts = as_matrix(["not bad", "bad not"] * 30)
    labels = np.array([0.0, 1.0] * 30)
    alone = WordClassifier(most_words=1).fit(texts, labels)
    pairs = WordClassifier(most_words=2).fit(texts, labels)
    assert np.ptp(alone.decision_function(texts)) < 1e-9
    found = pairs.decision_function(texts)
    assert found[labels == 1].min() > 0 > found[labels == 0].max()


def test_the_same_texts_give_the_same_bytes():
    made = [
        words_graph(WordClassifier().fit(MATRIX, LABELS), "words said", 1.0, 0.0)
        for _ in range(2)
    ]
    assert made[0] == made[1]


TOKENIZER = Tokenizer.from_str(
    WordClassifier(fewest_texts=1)
    .fit(as_matrix(["ab", "cd"]), np.array([0.0, 1.0]))
    .tokenizer()
)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_text_has_a_token_and_as_many_more_as_words(text):
    tokens = TOKENIZER.encode(text).tokens
    assert tokens[0] == BEGIN
    # Python and the tokenizer differ on few marks: not on letters, digits and blanks.
    if re.fullmatch(r"[A-Za-z0-9 .,!]*", text):
        assert len(tokens) - 1 == len(re.findall(r"\b\w\w+\b", text.lower()))
