"""Features of candidates by hand."""

import numpy as np
import pytest

from assay.retrieval.parts import build_parts
from assay.retrieval.search import features
from assay.retrieval.search.features import FEATURES, candidates
from assay.retrieval.types import Document, Metadata

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


COMPARED = [name.removesuffix("_of_best") for name in FEATURES if "_of_best" in name]


@pytest.mark.parametrize(
    "question", ["net interest income of Northwind in 2022", "rain 310 offices", "zzz"]
)
@pytest.mark.parametrize("name", COMPARED)
def test_a_share_of_the_best_is_the_value_over_the_best_candidates(
    parts, encode, question, name
):
    found, _ = features_of(parts, encode, question)
    own, share = found.features[:, AT[name]], found.features[:, AT[f"{name}_of_best"]]
    best = own.max()
    expected = own / best if best > 1e-6 else np.zeros(len(own))
    assert share == pytest.approx(expected, abs=1e-6)


def many(n):
    """Return documents about one word each, the last of one company without it."""
    about = [f"Word{number} stands here." for number in range(n)]
    return [
        Document(f"d-{number:03}", "", text, Metadata(company="", fiscal_year=None))
        for number, text in enumerate(about)
    ] + [
        Document("zebra", "", "Nothing else.", Metadata(company="Zebra Holdings")),
    ]


def test_meaning_counts_among_the_nearest_the_best_by_words_and_a_named_company(encode):
    parts = build_parts(many(n=4 * features.N_NEAREST), encode)
    asked = []
    nearest = parts.vectors.search

    def noted(vector, k, allowed=None):
        asked.append(k)
        return nearest(vector, k, allowed)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(parts.vectors), "search", lambda _, *of: noted(*of))
        found, by_document = features_of(parts, encode, "What of Zebra Holdings, word7?")
    assert asked == [features.N_NEAREST]
    assert found.rows.size == 60
    assert {"zebra", "d-007"} <= set(by_document)
    vector = encode(["What of Zebra Holdings, word7?"])[0]
    cosines = parts.vectors.at(found.rows) @ vector
    assert found.features[:, AT["dense"]] == pytest.approx(cosines)
    first_two = {parts.passages[row].document_id for row in found.rows[:2]}
    assert first_two == {"zebra", "d-007"}  # its company and its word were named
