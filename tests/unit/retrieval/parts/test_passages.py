"""Passages are exact spans that lose nothing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import ConfigError
from assay.retrieval.parts.passages import PassageRules, cut_passages, sentence_spans
from assay.retrieval.types import Document

RULES = PassageRules(max_characters=120, overlap_characters=40, whole_characters=100)
TEXTS = st.text(st.sampled_from("abc ABC 12.,;!?\n|#'\u2019\u00e9"), max_size=1500)


def sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rose. It fell.", ["It rose.", "It fell."]),
        ("Sales of Hart Inc. rose by 4.2 percent.", None),
        ("The U.S. market and Mr. J. Hart agreed.", None),
        (
            "a loss of $ 7 million . the company paid .",
            ["a loss of $ 7 million .", "the company paid ."],
        ),
        ("2019 | 2018\n1.0 | 2.0", ["2019 | 2018", "1.0 | 2.0"]),
        (
            "ITEM 7. RISK\nRates may rise\nsoon.",
            ["ITEM 7. RISK", "Rates may rise\nsoon."],
        ),
        ("One\n\nTwo", ["One", "Two"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert sentences(text) == ([text] if expected is None else expected)


@given(TEXTS)
def test_sentences_hold_every_character_that_is_not_white_space(text):
    spans = sentence_spans(text)
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert all(0 < end - start <= 600 for start, end in spans)


@given(TEXTS)
def test_passages_are_exact_spans_and_cover_every_sentence(text):
    passages = cut_passages(Document("d", "t", text), RULES)
    assert all(p.text == text[p.start : p.end] for p in passages)
    assert len({p.passage_id for p in passages}) == len(passages)
    for start, end in sentence_spans(text):
        assert any(p.start <= start and end <= p.end for p in passages)


@given(TEXTS)
def test_a_passage_is_longer_than_the_rules_allow_only_as_one_sentence(text):
    for passage in cut_passages(Document("d", "t", text), RULES):
        assert len(passage.text) <= 120 or len(sentence_spans(passage.text)) == 1


def test_a_passage_begins_with_the_end_of_the_one_before():
    text = " ".join(f"Sentence number {i} stands here." for i in range(12))
    passages = cut_passages(Document("d", "t", text), RULES)
    assert len(passages) > 2
    assert all(b.start < a.end for a, b in itertools.pairwise(passages))


def test_the_heading_above_a_passage_is_kept_beside_it():
    body = "Rates may rise and fall. " * 6
    text = f"RISK FACTORS\n{body}\nLIQUIDITY\n{body}"
    passages = cut_passages(Document("d", "t", text), RULES)
    assert passages[0].heading == "RISK FACTORS"
    assert passages[-1].heading == "LIQUIDITY"


def test_a_passage_knows_its_page():
    text = "First page text. " * 20 + "Second page text. " * 20
    pages = (0, text.index("Second"))
    passages = cut_passages(Document("d", "t", text, pages=pages), RULES)
    assert passages[0].page == 1
    assert passages[-1].page == 2


def test_a_short_document_stays_whole():
    text = "One. Two. Three."
    assert [p.text for p in cut_passages(Document("d", "t", text), RULES)] == [text]


def test_an_overlap_as_long_as_a_passage_is_refused():
    with pytest.raises(ConfigError, match="less than max_characters"):
        PassageRules(max_characters=100, overlap_characters=100)
