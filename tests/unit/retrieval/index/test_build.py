"""Only what changed is encoded, and both indexes hold exactly the documents given."""

import json
from dataclasses import replace

import numpy as np
import pytest

from assay.errors import DataError
from assay.retrieval.index import embeddings, open_version
from assay.retrieval.index.disk import file_digest
from assay.retrieval.parts import build_parts
from assay.retrieval.types import Document
from assay.retrieval.words.tokens import terms
from tests.unit.retrieval.index.conftest import CountingEncode


def edited(documents):
    first, second, third, fourth = documents
    return [
        replace(first, text=first.text + " Staff numbered 9,120."),
        replace(second, metadata=replace(second.metadata, period="FY")),
        replace(third, document_id="moved/adler"),
        Document("new", "Tides", "The tide stood at 4.1 metres in the harbour."),
    ], fourth


def test_what_was_added_changed_removed_renamed_or_described_is_told(build, documents):
    before = build(documents).manifest
    after, gone = edited(documents)
    found = build(after, before=before)
    assert found.changes == {
        "added": ("new",),
        "changed": ("northwind-2022",),
        "removed": (gone.document_id,),
        "renamed": ("moved/adler",),
        "described": ("northwind-2021",),
    }


def test_only_new_texts_are_encoded(build, documents, counting):
    before = build(documents, encoder=counting).manifest
    n_first = counting.n_texts
    after, _ = edited(documents)
    found = build(after, before=before, encoder=counting)
    assert counting.n_texts - n_first == found.n_encoded == 3  # a change, a text, a title


@pytest.mark.parametrize("batch", [1, 2, 512])
@pytest.mark.parametrize("is_reused", [True, False])
def test_an_updated_index_equals_one_built_anew(
    build, documents, encode, encoder_of, tmp_path, monkeypatch, batch, is_reused
):
    monkeypatch.setattr(embeddings, "BATCH", batch)
    # One before all others, so that every number of the old vocabulary moves.
    more = Document("a-first", "Zebras", "Zebras graze. Rain fell for nine days.")
    before = build(documents).manifest
    after = [*edited(documents)[0], more]
    updated = build(after, before=before if is_reused else None)
    opened = open_version(tmp_path, updated.manifest.version, encoder_of)
    fresh = build_parts(sorted(after, key=lambda d: d.document_id), encode)
    parts = opened.engine.parts
    assert parts.passages == fresh.passages
    assert parts.document_metadata == fresh.document_metadata
    everything = np.arange(len(fresh.vectors))
    np.testing.assert_array_equal(
        parts.vectors.at(everything), fresh.vectors.at(everything)
    )
    np.testing.assert_array_equal(parts.title_vectors, fresh.title_vectors)
    for name in ("lexical", "lexical_documents", "lexical_titles"):
        one, other = getattr(parts, name), getattr(fresh, name)
        assert one.vocabulary == other.vocabulary
        for array in ("starts", "texts", "weights"):
            np.testing.assert_array_equal(getattr(one, array), getattr(other, array))
    for array in parts.places.__slots__:
        found = getattr(parts.places, array)
        np.testing.assert_array_equal(found, getattr(fresh.places, array))


def test_an_update_scores_as_bm25s_does_on_all_texts(
    build, documents, encoder_of, tmp_path
):
    import bm25s

    before = build(documents).manifest
    updated = build(edited(documents)[0], before=before)
    parts = open_version(tmp_path, updated.manifest.version, encoder_of).engine.parts
    texts = [terms(p.title + "\n" + p.heading) + terms(p.text) for p in parts.passages]
    oracle = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    oracle.index(texts, show_progress=False)
    query = terms("net interest income of the bank in 2021 and the tide")
    np.testing.assert_allclose(
        parts.lexical.scores(query),
        oracle.get_scores([term for term in query if term in parts.lexical.vocabulary]),
        rtol=1e-5,
    )


def test_an_update_reads_only_the_terms_of_what_changed(
    build, documents, encoder_of, tmp_path
):
    # The old version's terms are marked by hand, so that reading them again would show.
    before = build(documents)
    places = before.folder / "parts" / "places.npz"
    stored = dict(np.load(places))
    stored["sentences"] = stored["sentences"] + 7
    np.savez(places, **stored)
    content = json.loads((before.folder / "manifest.json").read_text())
    content["files"]["parts/places.npz"] = file_digest(places)
    (before.folder / "manifest.json").write_text(json.dumps(content))
    changed = [replace(documents[0], text="New words only."), *documents[1:]]
    updated = build(changed, before=before.manifest)
    parts = open_version(tmp_path, updated.manifest.version, encoder_of).engine.parts
    of_document = {
        passage.document_id: parts.places.sentences[start:end].min()
        for passage, start, end in zip(
            parts.passages,
            parts.places.passage_starts,
            parts.places.passage_starts[1:],
            strict=False,
        )
    }
    assert of_document.pop(documents[0].document_id) == 0
    assert set(of_document.values()) == {7}


def test_an_earlier_version_that_was_altered_is_not_built_upon(
    build, documents, encode, encoder_of, tmp_path
):
    before = build(documents)
    places = before.folder / "parts" / "places.npz"
    places.write_bytes(places.read_bytes()[:-1] + b"x")
    updated = build(edited(documents)[0], before=before.manifest)
    parts = open_version(tmp_path, updated.manifest.version, encoder_of).engine.parts
    fresh = build_parts(sorted(edited(documents)[0], key=lambda d: d.document_id), encode)
    np.testing.assert_array_equal(parts.places.terms, fresh.places.terms)


def test_a_removed_document_is_in_neither_index(build, documents, encoder_of, tmp_path):
    found = build(documents[1:])
    opened = open_version(tmp_path, found.manifest.version, encoder_of)
    assert "northwind-2022" not in opened.texts
    assert not opened.knows("branch")
    assert opened.knows("excavators")
    assert len(opened.engine.parts.vectors) == found.manifest.n_passages == 3


def test_a_duplicate_is_stored_once_and_named(build, documents):
    copy = replace(documents[0], document_id="z-copy")
    manifest = build([*documents, copy]).manifest
    assert manifest.n_documents == 4
    assert manifest.duplicates == {documents[0].document_id: ("z-copy",)}


def test_equal_texts_of_two_companies_are_both_kept(build, documents):
    other = replace(
        documents[0],
        document_id="other",
        metadata=replace(documents[0].metadata, company="Other plc"),
    )
    assert build([*documents, other]).manifest.n_documents == 5


def test_the_same_documents_give_the_same_version_and_no_work(build, documents, counting):
    first = build(documents)
    again = build(reversed(documents), encoder=counting)
    assert again.manifest == first.manifest
    assert counting.n_calls == 0


def test_a_build_that_died_while_encoding_goes_on_where_it_was(
    build, documents, encode, monkeypatch
):
    monkeypatch.setattr(embeddings, "BATCH", 1)
    with pytest.raises(RuntimeError, match="died"):
        build(documents, encoder=CountingEncode(encode, fail_at=3))
    counting = CountingEncode(encode)
    build(documents, encoder=counting)
    assert counting.n_texts == 8 - 2


def test_an_id_twice_is_refused(build, documents):
    with pytest.raises(DataError, match="repeat another's id"):
        build([documents[0], documents[0]])


def test_an_update_keeps_where_the_sentences_of_unchanged_documents_lie(
    build, documents, encode, encoder_of, tmp_path
):
    before = build(documents).manifest
    changed = [replace(documents[0], text="New words only."), *documents[1:]]
    updated = build(changed, before=before)
    places = open_version(tmp_path, updated.manifest.version, encoder_of).engine.parts
    fresh = build_parts(sorted(changed, key=lambda d: d.document_id), encode)
    np.testing.assert_array_equal(places.places.spans, fresh.places.spans)
