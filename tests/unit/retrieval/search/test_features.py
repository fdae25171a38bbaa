"""Features of candidates by hand."""

import numpy as np
import pytest

from assay.retrieval.search.features import FEATURES, candidates

AT = {name: column for column, name in enumerate(FEATURES)}


def features_of(parts, encode, question, **options):
    found = candidates(parts, question, encode([question])[0], **options)
    ids = [parts.passages[row].document_id for row in found.rows]
    return found, {
        document: dict(zip(FEATURES, row.tolist(), strict=True))
        for document, row in zip(ids, found.features, strict=True)
    }


def test_a_passage_with_every_term_in_one_sentence_is_covered_whole(parts, encode):
    _, found = features_of(parts, encode, "excavators in Kassel")
    assert found["adler-2022"]["coverage"] == pytest.approx(1.0)
    assert found["adler-2022"]["coverage_sentence"] == pytest.approx(1.0)
    assert found["weather"]["coverage"] == 0.0


def test_terms_in_two_sentences_cover_the_passage_but_no_sentence(parts, encode):
    _, found = features_of(parts, encode, "offices card")
    assert found["northwind-2022"]["coverage"] == pytest.approx(1.0)
    assert found["northwind-2022"]["coverage_sentence"] < 0.99


def test_adjacent_terms_count_only_in_their_order(parts, encode):
    _, straight = features_of(parts, encode, "net interest income")
    _, turned = features_of(parts, encode, "income interest net")
    assert straight["northwind-2022"]["pairs"] == pytest.approx(1.0)
    assert turned["northwind-2022"]["pairs"] == 0.0


def test_numbers_are_found_however_they_are_written(parts, encode):
    _, found = features_of(parts, encode, "Was it 1452.40 million?")
    assert found["northwind-2022"]["numbers"] == 1.0
    assert found["northwind-2021"]["numbers"] == 0.0


def test_the_company_and_the_year_asked_about_are_marked(parts, encode):
    _, found = features_of(parts, encode, "What did Northwind earn in 2021?")
    assert [found[name]["company"] for name in found if "north" in name] == [1.0, 1.0]
    assert found["adler-2022"]["company"] == 0.0
    assert found["northwind-2021"]["year"] == 1.0
    assert found["northwind-2022"]["year"] == 0.0


def test_filters_leave_only_what_they_let_through(parts, encode):
    allowed = np.array([p.document_id == "weather" for p in parts.passages])
    found, _ = features_of(parts, encode, "net interest income", allowed=allowed)
    assert [parts.passages[row].document_id for row in found.rows] == ["weather"]


@pytest.mark.parametrize(
    "question", ["the of and", "?!", "zzz qqq", "7" * 50, "a b " * 900]
)
def test_odd_questions_have_finite_features(parts, encode, question):
    found, _ = features_of(parts, encode, question)
    assert found.rows.size == len(parts.passages)
    assert np.isfinite(found.features).all()


def test_what_the_index_knows_of_a_question_is_a_share(parts, encode):
    assert features_of(parts, encode, "interest income")[0].seen_share == 1.0
    assert features_of(parts, encode, "zebra unicorn")[0].seen_share == 0.0
