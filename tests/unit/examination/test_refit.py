"""A second fit from the manifest is the version itself."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from assay.errors import BundleError
from assay.examination.refit import Recipe, Refit
from assay.models.parity import feature_columns


def test_a_second_fit_gives_the_same_graph_to_the_bit(subject):
    again = Refit.on(subject.frame, subject.contract, subject.recipe, subject.split)
    digest = hashlib.sha256(subject.bundle.graph).hexdigest()
    assert again.graph_digest() == digest == subject.bundle.manifest.files["model.onnx"]
    expected = subject.scorer.probabilities(
        feature_columns(subject.holdout, subject.contract)
    )
    assert np.allclose(again.probabilities(subject.holdout), expected, atol=1e-12)


def test_another_seed_is_another_model(subject):
    other = replace(subject.recipe, seed=5)
    again = Refit.on(subject.frame, subject.contract, other, subject.split)
    assert again.graph_digest() != subject.bundle.manifest.files["model.onnx"]


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"parameters": {"max_depth": 3}}, "lacks holdout_share, calibration_share"),
        ({"algorithm": "oracle"}, "says algorithm 'oracle' and lacks nothing"),
    ],
)
def test_a_manifest_that_does_not_say_how_is_refused(bundle, update, said):
    with pytest.raises(BundleError, match=said):
        Recipe.of(bundle.manifest.model_copy(update=update))
