"""Sentence features are those of a plain reading of the text, sentence by sentence."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.retrieval.answers.sentences import SENTENCE_FEATURES, sentence_features
from assay.retrieval.parts import build_parts
from assay.retrieval.parts.passages import PassageRules, sentence_spans
from assay.retrieval.types import Document, Hit
from assay.retrieval.words.stemming import stem
from assay.retrieval.words.tokens import STOP_WORDS, is_number, is_year, terms, words

WORDS = "Sales rose bank Leith 2019 2021 4.2% 310 offices in the of March Ann net fees"
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(
        lambda found: " ".join(found) + "."
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
QUESTIONS = st.lists(
    st.sampled_from([*WORDS.split(), "How many", "When", "Who", "zebra"]),
    min_size=1,
    max_size=7,
).map(" ".join)


def plainly(question, hit, best, is_first, index):
    """Return the features of one hit's sentences, each read on its own."""
    asked = list(dict.fromkeys(terms(question)))
    gain = {term: index.idf(term) for term in asked}
    total = max(sum(gain.values()), 1e-6)
    pairs = set(itertools.pairwise(terms(question)))
    text = hit.passage.text
    cut = sentence_spans(text)
    found = [terms(text[start:end]) for start, end in cut]
    covered = [sum(gain[t] for t in set(f) if t in gain) / total for f in found]
    wants = (
        re.search("how many", question.lower()) is not None,
        re.search("when", question.lower()) is not None,
        re.search("who", question.lower()) is not None,
    )
    for at, (start, end) in enumerate(cut):
        sentence, own = text[start:end], found[at]
        around = set().union(*found[max(at - 1, 0) : at + 2])
        near = set(itertools.pairwise(own)) | set(zip(own, own[2:], strict=False))
        new = {term for term in own if term not in gain}
        has = (
            any(is_number(term) and not is_year(term) for term in new),
            any(map(is_year, new)) or "March" in sentence,
            any(
                stem(w) not in gain and w not in STOP_WORDS and w not in words(question)
                for name in re.findall(r"(?<!^)\b[A-Z][\w'-]+", sentence)
                for w in words(name)
            ),
        )
        yield [
            covered[at],
            covered[at] - max(covered),
            sum(gain[t] for t in around if t in gain) / total,
            len(pairs & near) / len(pairs) if pairs else 0.0,
            max(hit.score - best, -5.0),
            float(is_first),
            float(at == 0),
            np.log1p(len(own)),
            float(len(own) < 4),
            np.log1p(len(new)),
            *(float(want and there) for want, there in zip(wants, has, strict=True)),
            float(any(w and not there for w, there in zip(wants, has, strict=True))),
            float(sentence.rstrip().endswith("?")),
        ]


@settings(max_examples=80, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4), question=QUESTIONS)
def test_features_are_those_of_a_plain_reading(encode, texts, question):
    documents = [
        Document(str(number), "Report", f"{text} Did {text}?")
        for number, text in enumerate(texts)
    ]
    rules = PassageRules(max_characters=60, overlap_characters=0, whole_characters=60)
    parts = build_parts(documents, encode, rules=rules)
    hits = [Hit(p, -float(row), row=row) for row, p in enumerate(parts.passages)][:6]
    found = sentence_features(question, hits, parts)
    expected = [
        row
        for number, hit in enumerate(hits[:5])
        for row in plainly(question, hit, hits[0].score, number == 0, parts.lexical)
    ]
    assert found.features == pytest.approx(np.array(expected), abs=1e-6)
    assert found.features.shape == (len(found.spans), len(SENTENCE_FEATURES))
    spans = [
        (hit.passage.start + start, hit.passage.start + end)
        for hit in hits[:5]
        for start, end in sentence_spans(hit.passage.text)
    ]
    assert list(found.spans) == spans
