"""Trees and proofs against the published vectors and against recomputation."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger.merkle import TreeFiles
from assay.ledger.standalone import (
    Frontier,
    consistency_holds,
    inclusion_holds,
    leaf_hash,
)

# Leaves and roots of Certificate Transparency's own tests (merkletree, RFC 6962).
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def recomputed(leaves):
    """Return the root straight from RFC 6962's definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    halves = recomputed(leaves[:middle]) + recomputed(leaves[middle:])
    return hashlib.sha256(b"\1" + halves).digest()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    leaves = [f"leaf {i}".encode() for i in range(70)]
    with TreeFiles(tmp_path_factory.mktemp("tree"), 0) as files:
        for each in leaves:
            files.add(leaf_hash(each))
        files.flush()
        yield files, leaves


def test_the_roots_are_those_of_certificate_transparency(tmp_path):
    frontier = Frontier()
    with TreeFiles(tmp_path / "tree", 0) as files:
        for leaf, root in zip(LEAVES, ROOTS, strict=True):
            frontier.add(leaf)
            files.add(leaf_hash(leaf))
            assert frontier.root().hex() == files.root().hex() == root


def test_an_empty_tree_has_the_hash_of_nothing():
    assert Frontier().root() == hashlib.sha256(b"").digest()


def test_every_inclusion_path_of_every_size_leads_to_the_recomputed_root(tree):
    files, leaves = tree
    for size in (1, 2, 3, 7, 8, 33, 64, 70):
        root = recomputed(leaves[:size])
        assert files.root(size) == root
        for index in range(size):
            path = files.inclusion(index, size)
            leaf = leaf_hash(leaves[index])
            assert inclusion_holds(leaf, index, size, path, root)
            assert not inclusion_holds(leaf_hash(b"other"), index, size, path, root)
            assert not inclusion_holds(leaf, index, size, [*path, leaf], root)
            assert not path or not inclusion_holds(leaf, index, size, path[:-1], root)


def test_every_consistency_path_holds_for_its_roots_and_for_no_other(tree):
    files, leaves = tree
    roots = {size: recomputed(leaves[:size]) for size in range(1, 36)}
    for new in range(1, 36):
        for old in range(1, new + 1):
            path = files.consistency(old, new)
            assert consistency_holds(old, new, path, roots[old], roots[new])
            assert not consistency_holds(old, new, path, bytes(32), roots[new])
            assert not consistency_holds(old, new, path, roots[old], bytes(32))


@given(st.data())
def test_a_proof_with_one_bit_changed_holds_for_nothing(tree, data):
    files, leaves = tree
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    path = files.inclusion(index, size)
    which = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = (int.from_bytes(path[which]) ^ 1 << bit).to_bytes(32)
    path[which] = changed
    leaf = leaf_hash(leaves[index])
    assert not inclusion_holds(leaf, index, size, path, files.root(size))


def test_what_a_killed_process_left_behind_the_size_is_cut(tmp_path):
    folder = tmp_path / "tree"
    with TreeFiles(folder, 0) as files:
        for each in LEAVES:
            files.add(leaf_hash(each))
        files.flush()
    with TreeFiles(folder, 5) as files:
        for each in LEAVES[5:]:
            files.add(leaf_hash(each))
        assert files.root().hex() == ROOTS[7]


def test_files_that_hold_too_few_hashes_are_refused(tmp_path):
    with pytest.raises(LedgerError, match="holds 0 hashes of 3"):
        TreeFiles(tmp_path / "tree", 3)


def test_a_leaf_outside_the_tree_has_no_path(tree):
    with pytest.raises(LedgerError, match="leaf 70"):
        tree[0].inclusion(70, 70)
