"""A bundle is written whole, read whole, and refused when any byte of it changed."""

import json
from dataclasses import replace

import pytest

from assay.bundle import read_bundle, write_bundle
from assay.errors import BundleError


def test_a_bundle_reads_back_as_it_was_written(tmp_path, parts):
    digest = write_bundle(tmp_path / "b", parts)
    bundle = read_bundle(tmp_path / "b", digest)
    assert bundle.digest == digest
    assert bundle.graph == parts.graph
    assert bundle.golden == parts.golden
    assert bundle.contract.name == "tiny"
    assert bundle.manifest.model_copy(update={"files": {}}) == parts.manifest


def test_the_same_parts_give_the_same_digest(tmp_path, parts):
    assert write_bundle(tmp_path / "a", parts) == write_bundle(tmp_path / "b", parts)


def test_every_flipped_byte_of_every_file_is_found(tmp_path, parts):
    folder = tmp_path / "b"
    digest = write_bundle(folder, parts)
    n_tried = 0
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for position in range(0, len(whole), max(1, len(whole) // 25)):
            flipped = bytearray(whole)
            flipped[position] ^= 1
            path.write_bytes(bytes(flipped))
            with pytest.raises(BundleError):
                read_bundle(folder, digest)
            n_tried += 1
        path.write_bytes(whole)
    assert n_tried > 100
    read_bundle(folder, digest)


@pytest.mark.parametrize("name", ["model.onnx", "card.md", "manifest.json"])
def test_a_missing_file_is_named(tmp_path, parts, name):
    write_bundle(tmp_path / "b", parts)
    (tmp_path / "b" / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_bundle(tmp_path / "b")


def test_a_bundle_is_never_written_over(tmp_path, parts):
    write_bundle(tmp_path / "b", parts)
    with pytest.raises(BundleError, match="never written over"):
        write_bundle(tmp_path / "b", parts)


def test_a_failed_write_leaves_nothing(tmp_path, parts):
    unwritable = replace(parts, documents={"n" * 300: b"the name is too long"})
    with pytest.raises(OSError, match="too long"):
        write_bundle(tmp_path / "b", unwritable)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_leaves_the_folder_is_refused(tmp_path, parts):
    with pytest.raises(BundleError, match=r"\.\./evil"):
        write_bundle(tmp_path / "b", replace(parts, documents={"../evil": b""}))


def test_a_manifest_of_another_model_is_refused(tmp_path, parts):
    manifest = parts.manifest.model_copy(update={"model_name": "other"})
    write_bundle(tmp_path / "b", replace(parts, manifest=manifest))
    with pytest.raises(BundleError, match="mixes two models"):
        read_bundle(tmp_path / "b")


def test_a_contract_of_another_version_is_refused(tmp_path, parts):
    text = parts.contract_text.replace("revision = 1", "revision = 2")
    write_bundle(tmp_path / "b", replace(parts, contract_text=text))
    with pytest.raises(BundleError, match="mixes two versions"):
        read_bundle(tmp_path / "b")


def test_an_unknown_format_is_refused(tmp_path, parts):
    write_bundle(tmp_path / "b", parts)
    path = tmp_path / "b" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(BundleError, match="format"):
        read_bundle(tmp_path / "b")


def test_a_file_that_was_let_go_is_read_again_and_checked(tmp_path, parts):
    written = replace(parts, documents={"card.md": b"# card"})
    bundle = read_bundle(tmp_path / "b", write_bundle(tmp_path / "b", written))
    lighter = bundle.without("card.md")
    assert "card.md" in bundle.documents
    assert "card.md" not in lighter.documents
    assert lighter.document("card.md") == bundle.document("card.md") == b"# card"
    assert bundle.document("none.md") is None
    assert bundle.without("none.md") is bundle
    (tmp_path / "b" / "card.md").write_bytes(b"# Card")
    with pytest.raises(BundleError, match="was altered"):
        lighter.document("card.md")
    (tmp_path / "b" / "card.md").unlink()
    with pytest.raises(BundleError, match="cannot read"):
        lighter.document("card.md")
