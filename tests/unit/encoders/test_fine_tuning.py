"""A small encoder learns two classes, and its graph answers as torch does."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel

from assay.encoders.baseline import fit_baseline
from assay.encoders.examples import Examples
from assay.encoders.fine_tuning import fine_tuned
from assay.encoders.modules import tokenised
from assay.encoders.scorer import ABOUT, GRAPH, TextScorer, write_text_bundle
from assay.encoders.shape import TextShape
from assay.errors import BundleError, DeviceError

GOOD, BAD = ("profit rose well", "sales grew fast"), ("loss was deep", "debt went bad")
WORDS = sorted({word for text in GOOD + BAD for word in text.split()})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """Return a folder of an encoder of two small layers."""
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=40, intermediate_size=64, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 # no password
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(80):
        texts = GOOD if number % 2 else BAD
        words = " ".join(texts).split()
        drawn = " ".join(rng.permutation(words)[:4])
        rows.append((drawn, "good" if number % 2 else "bad"))
    return Examples.of(pd.DataFrame(rows, columns=["t", "c"]), "t", "c")


@pytest.fixture(scope="module", params=["frozen", "full"])
def fitted(request, encoder, examples):
    shape = TextShape(training=request.param, passes=15, encoder_rate=1e-3)
    return fine_tuned(examples, encoder, shape, seed=0)


def bundle_of(fitted, examples, folder):
    about = {"classes": list(examples.classes)}
    tokenizer = fitted.tokenizer.to_str()
    write_text_bundle(folder, fitted.write_graph, tokenizer, about, examples.texts[:6])
    return TextScorer.read(folder)


def test_it_learns_and_its_graph_answers_as_torch_does(fitted, examples, tmp_path):
    scorer = bundle_of(fitted, examples, tmp_path / "bundle")
    found = scorer.probabilities(examples.texts)
    assert (found.argmax(axis=1) == examples.labels).mean() > 0.95
    tokens = tokenised(fitted.tokenizer, list(examples.texts))
    with torch.no_grad():
        theirs = fitted.module(*map(torch.as_tensor, tokens)).numpy()
    assert np.abs(found - theirs).max() < 1e-5
    assert scorer.classes == ("bad", "good")


def test_a_frozen_encoder_keeps_its_weights(encoder, examples):
    before = BertModel.from_pretrained(encoder, add_pooling_layer=False).state_dict()
    kept = fine_tuned(examples, encoder, TextShape(passes=2), seed=0)
    moved = fine_tuned(examples, encoder, TextShape(training="full", passes=1), seed=0)
    name = "encoder.layer.0.attention.self.query.weight"
    assert torch.equal(kept.module.encoder.state_dict()[name], before[name])
    assert not torch.equal(moved.module.encoder.state_dict()[name], before[name])


def test_the_same_seed_gives_the_same_head(encoder, examples):
    heads = [
        fine_tuned(examples, encoder, TextShape(passes=2), seed=seed).module.head.weight
        for seed in (0, 0, 1)
    ]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_a_bundle_that_was_altered_is_refused(fitted, examples, tmp_path):
    folder = tmp_path / "bundle"
    bundle_of(fitted, examples, folder)
    about = json.loads((folder / ABOUT).read_text())
    about["golden"]["probabilities"][0] = [0.5, 0.5]
    (folder / ABOUT).write_text(json.dumps(about))
    with pytest.raises(BundleError, match="score otherwise than recorded"):
        TextScorer.read(folder)
    (folder / GRAPH).write_bytes(b"other")
    with pytest.raises(BundleError, match=f"altered: {GRAPH}"):
        TextScorer.read(folder)


def test_it_answers_where_torch_is_not_installed(fitted, examples, tmp_path):
    bundle_of(fitted, examples, tmp_path / "bundle")
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "for name in ('torch', 'transformers', 'sklearn', 'pandas'):\n"
            "    sys.modules[name] = None\n"
            "from pathlib import Path\n"
            "from assay.encoders.scorer import TextScorer\n"
            f"scorer = TextScorer.read(Path({str(tmp_path / 'bundle')!r}))\n"
            "print(scorer.probabilities(['profit rose well']).argmax())\n",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "1"


def test_the_baseline_learns_words(examples):
    found = fit_baseline(examples).probabilities(examples.texts)
    assert (found.argmax(axis=1) == examples.labels).mean() > 0.95


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_is_refused_where_there_is_none(encoder, examples):
    with pytest.raises(DeviceError, match="CUDA was asked for"):
        fine_tuned(examples, encoder, TextShape(device="cuda"), seed=0)
