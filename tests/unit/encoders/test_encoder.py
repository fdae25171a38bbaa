"""An encoder as a classifier, and its graph with tokenizer and calibration."""

import numpy as np
import onnx
import pytest
import torch
from tokenizers import Tokenizer

from assay.bundle import Scorer
from assay.bundle.tokens import TOKENIZER
from assay.contract import read_contract
from assay.encoders.encoder import SHIPPED_ENCODER, EncoderClassifier, encoder_folder
from assay.encoders.fine_tuning import _by_layer
from assay.encoders.graphs import encoder_graph
from assay.encoders.modules import tokenised
from assay.encoders.shape import TextShape
from assay.errors import DataError
from tests.texts import CONTRACT, notes, small_encoder

FRAME = notes(240)
MATRIX = FRAME["words said"].to_numpy(object).reshape(-1, 1)
LABELS = FRAME["bad"].to_numpy(float)
OPTIONS = {"training": "full", "passes": 6, "encoder_rate": 2e-3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def fitted(folder):
    return EncoderClassifier({"encoder": folder, **OPTIONS}).fit(MATRIX, LABELS)


@pytest.fixture(scope="module")
def scorer(fitted):
    model = fitted.model_
    graph = model.log_odds_graph("words said")
    made = encoder_graph(graph, model.tokenizer_text(), 1.3, -0.2)
    return Scorer(made, read_contract(CONTRACT))


def test_it_learns_and_its_graph_answers_as_torch_in_float64(fitted, scorer):
    log_odds = fitted.decision_function(MATRIX)
    assert ((log_odds > 0) == LABELS).mean() > 0.9
    found = scorer.probabilities({"words said": MATRIX[:, 0]})
    module, tokenizer = fitted.model_.module, fitted.model_.tokenizer
    tokens = tokenised(tokenizer, list(MATRIX[:, 0]))
    with torch.no_grad():
        logits = module.double()(*map(torch.as_tensor, tokens)).log().numpy()
    module.float()
    exact = 1.3 * (logits[:, 1] - logits[:, 0]) - 0.2
    assert np.abs(found - 1 / (1 + np.exp(-exact))).max() < 1e-5
    assert scorer.tolerance == 1e-4


def test_tracing_leaves_dropout_off(fitted):
    fitted.model_.log_odds_graph("words said")
    assert not any(part.training for part in fitted.model_.module.modules())


def test_a_text_scores_the_same_bits_alone_and_beside_others(scorer):
    texts = ["profit", *MATRIX[:5, 0], "loss " * 12]
    together = scorer.probabilities({"words said": texts})
    alone = [scorer.probabilities({"words said": [text]})[0] for text in texts]
    assert together.tolist() == alone


def test_a_long_text_is_read_as_far_as_training_reads(folder):
    options = {"encoder": folder, **OPTIONS, "most_tokens": 4, "passes": 1}
    model = EncoderClassifier(options).fit(MATRIX, LABELS).model_
    tokenizer = Tokenizer.from_str(model.tokenizer_text())
    assert len(tokenizer.encode("profit rose sales grew gain well").ids) == 4
    same = model.logits(["profit rose sales", "profit rose sales grew gain"])
    assert same[0] == pytest.approx(same[1], abs=1e-6)  # last bits differ side by side


def test_the_same_seed_gives_the_same_graph(folder):
    made = []
    for seed in (3, 3, 4):
        options = {"encoder": folder, **OPTIONS, "passes": 1, "precision": "bfloat16"}
        model = EncoderClassifier(options, seed).fit(MATRIX, LABELS).model_
        graph = model.log_odds_graph("words said")
        made.append(encoder_graph(graph, model.tokenizer_text(), 1.0, 0.0))
    assert made[0] == made[1] != made[2]
    assert TOKENIZER in {
        each.key for each in onnx.load_from_string(made[0]).metadata_props
    }


def test_lower_layers_learn_at_lower_rates(folder):
    from transformers import BertModel

    encoder = BertModel.from_pretrained(folder, add_pooling_layer=False)
    groups = _by_layer(encoder, TextShape(encoder_rate=1.0, layer_decay=0.5))
    assert [group["lr"] for group in groups] == [1.0, 0.5, 0.25]
    (last, *_), (lowest, *_) = groups[0]["params"], groups[-1]["params"]
    assert any(last is weight for weight in encoder.encoder.layer[-1].parameters())
    assert any(lowest is weight for weight in encoder.embeddings.parameters())
    n_weights = sum(weight.numel() for group in groups for weight in group["params"])
    assert n_weights == sum(weight.numel() for weight in encoder.parameters())


def test_three_classes_have_no_log_odds(fitted):
    head = fitted.model_.module.head
    try:
        fitted.model_.module.head = torch.nn.Linear(head.in_features, 3)
        with pytest.raises(DataError, match="3 classes have no log-odds"):
            fitted.model_.log_odds_graph("words said")
    finally:
        fitted.model_.module.head = head


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    assert encoder_folder(SHIPPED_ENCODER)
    with pytest.raises(DataError, match=r"no tokenizer\.json"):
        encoder_folder(str(tmp_path))
