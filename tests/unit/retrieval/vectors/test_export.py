"""The exported graphs give the vectors of torch."""

import json

import numpy as np
import onnx
import pytest

from assay.errors import BundleError
from assay.retrieval.vectors import export
from assay.retrieval.vectors.dense import AGREEMENT, read_encoder, torch_encoder
from assay.retrieval.vectors.export import export_encoder

TEXTS = (
    "The board proposes a dividend of 14.5 pence a share.",
    "rain",
    "Which supplier sells depth cameras? " * 60,  # longer than the window
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    return folder, export_encoder(folder)


def test_both_precisions_agree_with_torch_on_texts_that_the_export_never_saw(exported):
    folder, agreement = exported
    expected = torch_encoder(bf16=False)(TEXTS)
    for precision, least in (("fp32", 0.999), ("int8", AGREEMENT)):
        found = read_encoder(folder, precision)(TEXTS)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        assert (found * expected).sum(axis=1).min() > least
        assert agreement[precision] > least


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_vectors_do_not_depend_on_what_is_encoded_beside_them(exported, precision):
    encoder = read_encoder(exported[0], precision)
    together = encoder(TEXTS)
    alone = np.concatenate([encoder([text]) for text in TEXTS])
    # Exactly, or an index that was updated would differ from one built anew.
    np.testing.assert_array_equal(together, alone)
    several = read_encoder(exported[0], precision, n_workers=3)
    np.testing.assert_array_equal(several(TEXTS), alone)


def test_no_slow_norm_is_left(exported):
    folder, _ = exported
    kinds = [node.op_type for node in onnx.load(folder / "int8.onnx").graph.node]
    assert kinds.count("LayerNormalization") == 12  # two in each of six layers
    assert "SkipLayerNormalization" not in kinds


def test_the_description_tells_size_window_and_agreement(exported):
    folder, agreement = exported
    about = json.loads((folder / "encoder.json").read_text())
    assert about["n_dimensions"] == 384
    assert about["max_tokens"] == 256
    assert about["agreement"] == agreement


def test_an_int8_graph_that_disagrees_is_deleted_and_fp32_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "AGREEMENT", 1.01)  # a limit that nothing reaches
    export_encoder(tmp_path)
    assert not (tmp_path / "int8.onnx").exists()
    assert read_encoder(tmp_path)(["rain"]).shape == (1, 384)


def test_a_broken_graph_is_refused(tmp_path):
    (tmp_path / "encoder.json").write_text('{"max_tokens": 8, "n_dimensions": 4}')
    (tmp_path / "fp32.onnx").write_bytes(b"no graph")
    with pytest.raises(BundleError, match="cannot be read"):
        read_encoder(tmp_path)
