"""Only what changed is encoded, and both indexes hold exactly the documents given."""

from dataclasses import replace

import numpy as np
import pytest

from assay.errors import DataError
from assay.retrieval.index import embeddings, open_version
from assay.retrieval.parts import build_parts
from assay.retrieval.types import Document
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
def test_an_updated_index_equals_one_built_anew(
    build, documents, encode, encoder_of, tmp_path, monkeypatch, batch
):
    monkeypatch.setattr(embeddings, "BATCH", batch)
    build(documents)
    after, _ = edited(documents)
    updated = build(after)
    opened = open_version(tmp_path, updated.manifest.version, encoder_of)
    fresh = build_parts(sorted(after, key=lambda d: d.document_id), encode)
    parts = opened.engine.parts
    assert parts.passages == fresh.passages
    assert parts.document_metadata == fresh.document_metadata
    for name in ("vectors", "title_vectors"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(fresh, name))
    for name in ("lexical", "lexical_documents", "lexical_titles"):
        one, other = getattr(parts, name), getattr(fresh, name)
        assert one.vocabulary == other.vocabulary
        np.testing.assert_array_equal(one.weights, other.weights)


def test_a_removed_document_is_in_neither_index(build, documents, encoder_of, tmp_path):
    found = build(documents[1:])
    opened = open_version(tmp_path, found.manifest.version, encoder_of)
    assert "northwind-2022" not in opened.texts
    assert "branch" not in opened.words
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
