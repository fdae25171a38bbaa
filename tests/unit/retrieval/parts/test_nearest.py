"""Nearest vectors against a scan in numpy, with every vector read and in cells."""

import numpy as np
import pytest

from assay.errors import BundleError
from assay.retrieval.parts import nearest as nearest_module
from assay.retrieval.parts.nearest import LEAST_FOUND, Nearest

ROUNDING = 1e-3  # half precision keeps eleven bits


def unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def clustered(n, n_clusters=120, spread=0.25, seed=0):
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(n_clusters, 32)))
    noise = spread * rng.normal(size=(n, 32)) / 32**0.5
    return unit(centres[rng.integers(n_clusters, size=n)] + noise)


@pytest.fixture(scope="module")
def vectors():
    return clustered(6_000)


@pytest.fixture(scope="module")
def question():
    return clustered(1, seed=5)[0]


@pytest.fixture(scope="module", params=["whole", "cells"])
def index(request, vectors):
    found = Nearest.of(vectors, whole_until=10**6 if request.param == "whole" else 100)
    assert (found.n_cells_read > 0) is (request.param == "cells")
    return found


def by_scan(vectors, question, k, allowed=None):
    products = vectors @ question
    if allowed is not None:
        products = np.where(allowed, products, -np.inf)
    return np.argsort(-products, kind="stable")[:k], np.sort(products)[::-1][:k]


def test_the_nearest_are_those_of_a_scan_within_the_rounding(index, vectors, question):
    rows, products = index.search(question, 50)
    _, best = by_scan(vectors, question, 50)
    assert products == pytest.approx(vectors[rows] @ question, abs=ROUNDING)
    assert len(set(rows.tolist())) == 50
    n_missed = np.count_nonzero(vectors[rows] @ question < best[-1] - ROUNDING)
    assert n_missed <= (0 if index.n_cells_read == 0 else 2)
    assert (np.diff(products) <= 0).all()


@pytest.mark.parametrize("share", [0.5, 0.002])
def test_filters_let_only_their_rows_through(
    index, vectors, question, share, monkeypatch
):
    monkeypatch.setattr(nearest_module, "_FEW", 30)
    allowed = np.random.default_rng(1).random(len(vectors)) < share
    k = min(40, int(allowed.sum()))
    rows, products = index.search(question, 40, allowed)
    assert allowed[rows].all()
    _, best = by_scan(vectors, question, k, allowed)
    if index.n_cells_read == 0 or share < 0.01:
        assert products == pytest.approx(best, abs=ROUNDING)
    else:  # cells that are read hold fewer of the rows let through
        assert np.isin(rows, by_scan(vectors, question, k, allowed)[0]).mean() > 0.8


def test_no_row_let_through_finds_nothing(index, vectors, question):
    rows, products = index.search(question, 5, np.zeros(len(vectors), dtype=bool))
    assert rows.size == products.size == 0
    assert index.at(rows).shape == (0, 32)


def test_a_saved_index_finds_and_gives_back_the_same(index, vectors, question, tmp_path):
    index.save(tmp_path / "vectors.faiss")
    again = Nearest.read(tmp_path / "vectors.faiss")
    rows = np.array([5_999, 0, 17])
    assert again.at(rows) == pytest.approx(vectors[rows], abs=ROUNDING)
    assert (again.at(rows) == index.at(rows)).all()
    for before, after in zip(
        index.search(question, 20), again.search(question, 20), strict=True
    ):
        assert (before == after).all()
    same = (len(again), again.n_dimensions, again.n_cells_read)
    assert same == (len(index), index.n_dimensions, index.n_cells_read)


def test_cells_are_kept_only_where_they_find_enough(vectors):
    in_cells = Nearest.of(vectors, whole_until=100)
    whole = Nearest.of(vectors)
    asked = vectors[np.random.default_rng(9).choice(len(vectors), size=100)]
    shares = [
        np.isin(whole.search(one, 100)[0], in_cells.search(one, 100)[0]).mean()
        for one in asked
    ]
    assert np.mean(shares) > LEAST_FOUND - 0.02
    # Nothing is near to anything: only reading every cell finds all.
    noise = unit(np.random.default_rng(2).normal(size=(3_000, 32)))
    assert Nearest.of(noise, whole_until=100).n_cells_read == 0


def test_the_same_vectors_give_the_same_bytes(vectors, tmp_path):
    for name in ("a", "b"):
        Nearest.of(vectors, whole_until=100).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_is_no_index_is_refused(tmp_path):
    (tmp_path / "vectors.faiss").write_bytes(b"no index")
    for name in ("vectors.faiss", "absent.faiss"):
        with pytest.raises(BundleError, match=f"vectors in {name} cannot be read"):
            Nearest.read(tmp_path / name)
