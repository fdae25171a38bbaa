"""How the query's words lie in a passage, beside a plain reading of its text."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.retrieval.parts import build_parts
from assay.retrieval.parts.passages import sentence_spans
from assay.retrieval.search.overlap import word_features
from assay.retrieval.search.query import postings, read_query
from assay.retrieval.types import Document
from assay.retrieval.words.tokens import is_number, terms

WORDS = [
    "sales",
    "rose",
    "bank",
    "Leith",
    "2019",
    "4.2",
    "310",
    "offices",
    "the",
    "of",
    "net",
    "fees",
]
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(
        lambda found: " ".join(found).capitalize() + "."
    ),
    min_size=1,
    max_size=5,
).map(" ".join)
QUESTIONS = st.lists(st.sampled_from([*WORDS, "zebra"]), max_size=7).map(" ".join)


def plainly(text, question, idf):
    """Return coverage, best sentence, pairs and numbers of a text, word by word."""
    order, own = terms(question), terms(text)
    asked = list(dict.fromkeys(order))
    total = max(sum(map(idf, asked)), 1e-6)
    sentences = [terms(text[start:end]) for start, end in sentence_spans(text)]
    pairs = set(itertools.pairwise(order))
    gains = {pair: (idf(pair[0]) + idf(pair[1])) / 2 for pair in pairs}
    next_to = set(itertools.pairwise(own))
    near = set(zip(own, own[2:], strict=False))
    numbers = [term for term in asked if is_number(term)]
    return (
        sum(idf(t) for t in asked if t in own) / total,
        max(sum(idf(t) for t in asked if t in s) for s in sentences) / total,
        sum(g * (1 if p in next_to else 0.5 * (p in near)) for p, g in gains.items())
        / max(sum(gains.values()), 1e-6),
        sum(term in own for term in numbers) / max(len(numbers), 1),
    )


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), question=QUESTIONS)
def test_word_features_are_those_of_a_plain_reading(encode, texts, question):
    documents = [Document(str(n), "Report", text) for n, text in enumerate(texts)]
    parts = build_parts(documents, encode)
    rows = np.arange(len(texts))[::-1]
    found = word_features(parts, rows, read_query(parts, question))
    idf = parts.lexical.idf
    expected = np.array([plainly(texts[row], question, idf) for row in rows])
    names = ("coverage", "coverage_sentence", "pairs", "numbers")
    given_back = np.stack([found[name] for name in names], axis=1)
    assert given_back == pytest.approx(expected, abs=1e-5)


def test_a_query_knows_which_share_of_it_the_index_holds(parts):
    query = read_query(parts, "interest zebra interest")
    assert query.terms == ("interest", "zebra")
    assert query.order == (0, 1, 0)
    assert query.idf == pytest.approx([parts.lexical.idf(term) for term in query.terms])
    assert query.rows[1] == -1
    assert query.seen_share == pytest.approx(query.idf[0] / query.idf.sum())


def test_postings_add_up_to_the_scores_of_the_index(parts):
    asked = ("interest", "zebra", "offic", "million")
    found = postings(parts.lexical, asked)
    assert found.scores() == pytest.approx(parts.lexical.scores(asked))
    held = found.gathered(np.array([1.0, 5.0, 10.0, 100.0]))
    assert held.tolist() == [
        sum(
            worth
            for term, worth in (("interest", 1), ("offic", 10), ("million", 100))
            if term in terms(p.text)
        )
        for p in parts.passages
    ]
