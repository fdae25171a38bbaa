"""BM25 against hand values and bm25s."""

import bm25s
import numpy as np
import pytest

from assay.errors import BundleError
from assay.retrieval.parts.lexical import build_lexical_index, read_lexical_index

WORDS = [f"w{i}" for i in range(30)]


def random_texts(rng, n):
    return [list(rng.choice(WORDS, rng.integers(1, 40))) for _ in range(n)]


def test_scores_are_those_of_bm25s():
    rng = np.random.default_rng(3)
    texts = random_texts(rng, 60)
    ours = build_lexical_index(texts, k1=1.3, b=0.6)
    theirs = bm25s.BM25(method="lucene", k1=1.3, b=0.6)
    theirs.index(texts, show_progress=False)
    for query in random_texts(rng, 10):
        distinct = sorted(set(query))
        np.testing.assert_allclose(
            ours.scores(distinct), theirs.get_scores(distinct), rtol=1e-5, atol=1e-6
        )


def test_a_score_is_the_hand_value():
    index = build_lexical_index([["a", "a", "b"], ["b"]], k1=1.2, b=0.75)
    idf = np.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2))
    assert index.scores(["a"]) == pytest.approx([expected, 0.0])


def test_unknown_terms_and_no_terms_score_nothing():
    index = build_lexical_index([["a"], ["b"]])
    assert not index.scores(["z"]).any()
    assert not index.scores([]).any()
    assert index.idf("z") > index.idf("a")


def test_a_term_that_is_asked_twice_counts_twice():
    index = build_lexical_index([["a", "b"], ["b"]])
    assert index.scores(["a", "a"])[0] == pytest.approx(2 * index.scores(["a"])[0])


def test_what_is_saved_is_read_again(tmp_path):
    index = build_lexical_index([["a", "b"], [], ["b", "c"]])
    index.save(tmp_path / "index.npz")
    again = read_lexical_index(tmp_path / "index.npz")
    assert again.vocabulary == index.vocabulary
    np.testing.assert_array_equal(again.scores(["b"]), index.scores(["b"]))


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "index.npz").write_bytes(b"not an archive")
    with pytest.raises(BundleError, match="cannot be read"):
        read_lexical_index(tmp_path / "index.npz")
