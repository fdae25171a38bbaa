"""The current version answers whatever happens to the others."""

import itertools
import json

import pytest

from assay.errors import BundleError, RegistryError
from assay.retrieval.index import (
    current_version,
    open_current,
    promote_version,
    roll_back,
)
from assay.retrieval.index.disk import write_whole
from tests.unit.retrieval.index.conftest import CountingEncode

STORED = (
    "parts/vectors.faiss",
    "parts/lexical.npz",
    "parts/passages.jsonl",
    "texts.jsonl",
    "weights.json",
    "manifest.json",
)


def test_the_switch_and_the_way_back(build, documents, encoder_of, tmp_path):
    first = build(documents[:3]).manifest.version
    second = build(documents).manifest.version
    assert open_current(tmp_path, encoder_of)[0].version == second
    assert roll_back(tmp_path) == first
    assert open_current(tmp_path, encoder_of)[0].version == first
    with pytest.raises(RegistryError, match="no version before"):
        roll_back(tmp_path)
    assert current_version(tmp_path) == first


@pytest.mark.parametrize("report", [{"passed": False}, {}, {"passed": "yes"}])
def test_a_version_whose_evaluation_did_not_pass_stays_out(
    build, documents, tmp_path, report
):
    first = build(documents[:3]).manifest.version
    second = build(documents, passed=False).manifest.version
    with pytest.raises(BundleError, match="did not pass"):
        promote_version(tmp_path, second, report)
    assert current_version(tmp_path) == first


@pytest.mark.parametrize("name", STORED)
def test_a_corrupt_version_is_refused_and_the_old_one_serves(
    build, documents, encoder_of, tmp_path, name
):
    first = build(documents[:3]).manifest.version
    held, _ = open_current(tmp_path, encoder_of)
    second = build(documents)
    path = second.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for before in (held, None):
        found, problem = open_current(tmp_path, encoder_of, before)
        assert found.version == first
        assert second.manifest.version in problem
    with pytest.raises(BundleError):
        promote_version(tmp_path, second.manifest.version, {"passed": True})


@pytest.mark.parametrize("name", STORED)
def test_a_half_built_version_is_refused(build, documents, encoder_of, tmp_path, name):
    first = build(documents[:3]).manifest.version
    second = build(documents)
    (second.folder / name).unlink()
    assert open_current(tmp_path, encoder_of)[0].version == first


@pytest.mark.parametrize("is_update", [True, False])
def test_a_build_that_fails_at_any_step_breaks_nothing(
    build, documents, encoder_of, tmp_path, is_update
):
    before = build(documents[:3]).manifest
    first = before.version
    for k in itertools.count(1):
        steps = itertools.count(1)

        def tell(stage, _share, k=k, steps=steps):
            if next(steps) == k:
                raise RuntimeError(stage)

        try:
            build(documents, before=before if is_update else None, tell=tell)
        except RuntimeError:
            assert open_current(tmp_path, encoder_of)[0].version == first
            assert list((tmp_path / "building").iterdir()) == []
            continue
        break
    assert k > 10
    assert open_current(tmp_path, encoder_of)[0].version != first


def test_an_encoder_that_fails_at_any_call_breaks_nothing(
    build, documents, encode, encoder_of, tmp_path
):
    first = build(documents[:3]).manifest.version
    with pytest.raises(RuntimeError, match="died"):
        build(documents, encoder=CountingEncode(encode, fail_at=1))
    found, problem = open_current(tmp_path, encoder_of)
    assert (found.version, problem) == (first, "")


def test_a_writer_that_dies_leaves_the_old_pointer(build, documents, tmp_path):
    build(documents)
    pointer = tmp_path / "current.json"
    before = pointer.read_bytes()
    with pytest.raises(TypeError):
        write_whole(pointer, "not bytes")
    assert pointer.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if "unfinished" in p.name] == []


def test_the_evaluation_is_kept_with_the_digest_of_what_it_judged(
    build, documents, tmp_path
):
    version = build(documents).manifest.version
    kept = json.loads((tmp_path / "evaluations" / f"{version}.json").read_text())
    assert kept["passed"] is True
    assert len(kept["manifest_digest"]) == 64


def test_without_any_version_it_says_what_to_do(encoder_of, tmp_path):
    with pytest.raises(RegistryError, match="index-documents"):
        open_current(tmp_path, encoder_of)
