"""Another gate makes another version, of the same files, and the old one stays."""

import json
from dataclasses import replace

import pytest

from assay.errors import BundleError
from assay.retrieval.index import (
    current_version,
    open_version,
    promote_version,
    recalibrated_version,
)
from assay.retrieval.search import shipped_defaults

ABOUT = {"source": "judged questions", "n_answerable": 30, "n_others": 30}


def stricter():
    shipped = shipped_defaults()
    return replace(shipped, gate=replace(shipped.gate, threshold=0.875))


def test_only_the_weights_differ_and_the_version_says_what_they_were_fitted_to(
    build, documents, encoder_of, tmp_path
):
    before = build(documents).manifest
    made = recalibrated_version(tmp_path, before.version, stricter(), ABOUT)
    assert made.version != before.version
    promote_version(tmp_path, made.version, {"passed": True})
    assert current_version(tmp_path) == made.version
    opened = open_version(tmp_path, made.version, encoder_of)
    assert opened.engine.gate.threshold == 0.875
    assert dict(opened.calibration) == ABOUT
    old = open_version(tmp_path, before.version, encoder_of)
    assert old.engine.gate.threshold == shipped_defaults().gate.threshold
    assert old.calibration == {}
    assert opened.engine.parts.passages == old.engine.parts.passages
    assert made.documents == before.documents


def test_the_same_weights_are_the_same_version_and_others_are_not(
    build, documents, tmp_path
):
    base = build(documents).manifest.version
    made = recalibrated_version(tmp_path, base, stricter(), ABOUT)
    assert recalibrated_version(tmp_path, base, stricter(), ABOUT) == made
    other = recalibrated_version(tmp_path, base, stricter(), {**ABOUT, "n_others": 31})
    assert other.version != made.version
    again = recalibrated_version(tmp_path, made.version, shipped_defaults(), ABOUT)
    folder = tmp_path / "versions" / again.version
    stored = json.loads((folder / "weights.json").read_text())
    assert stored["gate"]["threshold"] == shipped_defaults().gate.threshold


def test_a_broken_version_gets_no_new_gate(build, documents, tmp_path):
    base = build(documents)
    (base.folder / "weights.json").write_text("{}")
    with pytest.raises(BundleError, match=r"weights\.json .* was altered"):
        recalibrated_version(tmp_path, base.manifest.version, stricter(), ABOUT)
    assert not (tmp_path / "building").exists() or not any(
        (tmp_path / "building").iterdir()
    )


def test_an_update_of_a_recalibrated_version_takes_over_what_is_unchanged(
    build, documents, tmp_path
):
    base = build(documents).manifest.version
    made = recalibrated_version(tmp_path, base, stricter(), ABOUT)
    changed = [replace(documents[0], text="New words only."), *documents[1:]]
    found = build(changed, before=made)
    assert found.changes["changed"] == (documents[0].document_id,)
    assert found.n_encoded == 1
