"""A decoder learns to tell the next token, then classes, and is served from its graph."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from assay.bundle import Scorer
from assay.contract import read_contract
from assay.encoders.decoder_shape import DecoderShape
from assay.encoders.encoder import DecoderClassifier
from assay.encoders.examples import Examples
from assay.encoders.graphs import encoder_graph
from assay.encoders.modules import tokenised
from assay.encoders.pre_training import (
    DecoderModule,
    _new,
    decoder_tuned,
    next_token_loss,
    next_tokens_learned,
)
from assay.encoders.shape import TextShape
from assay.errors import ConfigError, DataError
from tests.texts import CONTRACT, notes

FRAME = notes(240)
MATRIX = FRAME["words said"].to_numpy(object).reshape(-1, 1)
LABELS = FRAME["bad"].to_numpy(float)
EXAMPLES = Examples(tuple(MATRIX[:, 0]), LABELS.astype(np.int64), ("0", "1"))
SIZES = {"vocabulary": 320, "width": 32, "layers": 2, "heads": 2}
SMALL = {"decoder": "new", **SIZES, "next_passes": 3, "passes": 8, "head_rate": 5e-3}


@pytest.fixture(scope="module")
def fitted():
    return DecoderClassifier({**SMALL, "precision": "float32"}).fit(MATRIX, LABELS)


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    """Return a folder of a causal language model that nobody has trained."""
    folder = tmp_path_factory.mktemp("causal")
    torch.manual_seed(0)
    tokenizer, model = _new(EXAMPLES, DecoderShape(**SIZES), TextShape())
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_it_learns_and_its_graph_answers_as_torch_in_float64(fitted):
    log_odds = fitted.decision_function(MATRIX)
    assert ((log_odds > 0) == LABELS).mean() > 0.9
    model = fitted.model_
    made = encoder_graph(
        model.log_odds_graph("words said"), model.tokenizer_text(), 1.3, -0.2
    )
    texts = [*MATRIX[:40, 0], "x", "日本語 loss", "profit " * 60]
    found = Scorer(made, read_contract(CONTRACT)).probabilities({"words said": texts})
    with torch.no_grad():
        tokens = map(torch.as_tensor, tokenised(model.tokenizer, texts))
        logits = model.module.double()(*tokens).log().numpy()
    model.module.float()
    exact = 1.3 * (logits[:, 1] - logits[:, 0]) - 0.2
    assert np.abs(found - 1 / (1 + np.exp(-exact))).max() < 1e-5


def test_the_next_token_is_told_better_with_every_pass(causal):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(causal, attn_implementation="eager")
    tokenizer = Tokenizer.from_file(str(causal / "tokenizer.json"))
    tokenizer.enable_padding()
    made = DecoderShape(**SIZES, next_passes=12)
    losses = next_tokens_learned(model, tokenizer, EXAMPLES, made, TextShape())
    assert losses[0] > losses[4] > losses[-1]
    assert losses[-1] < 0.6 * np.log(320) < losses[0]


def test_the_loss_is_of_each_token_given_those_before_it_without_padding(causal):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(causal, attn_implementation="eager")
    ids = torch.tensor([[1, 40, 50, 2], [1, 60, 2, 0]])
    mask = (ids > 0).long()
    with torch.no_grad():
        found = float(next_token_loss(model.eval(), ids, mask))
        by_hand = []
        for row, n_tokens in ((ids[0], 4), (ids[1], 3)):
            for place in range(1, n_tokens):
                told = model(input_ids=row[None, :place]).logits[0, -1].log_softmax(0)
                by_hand.append(-float(told[row[place]]))
    assert found == pytest.approx(np.mean(by_hand), abs=1e-5)


def test_what_is_filled_up_behind_a_text_does_not_change_it(causal):
    from transformers import AutoModel

    torch.manual_seed(0)
    body = AutoModel.from_pretrained(causal, attn_implementation="eager")
    module = DecoderModule(body, 2).eval()
    alone = torch.tensor([[1, 40, 2]])
    filled = torch.tensor([[1, 40, 2, 0, 0], [1, 40, 50, 60, 2]])
    with torch.no_grad():
        one = module(alone, torch.ones_like(alone))
        two = module(filled, (filled > 0).long())
    assert torch.allclose(one[0], two[0], atol=1e-6)
    assert not torch.allclose(two[0], two[1], atol=1e-3)


def test_it_goes_on_from_a_folder(causal):
    parameters = {**SMALL, "decoder": str(causal), "next_passes": 0, "passes": 1}
    kept = DecoderClassifier({**parameters, "training": "frozen"}).fit(MATRIX, LABELS)
    from transformers import AutoModel

    before = AutoModel.from_pretrained(causal).state_dict()
    after = kept.model_.module.encoder.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    moved = DecoderClassifier({**parameters, "next_passes": 1, "training": "frozen"})
    weights = moved.fit(MATRIX, LABELS).model_.module.encoder.state_dict()
    assert not torch.equal(weights["wte.weight"], before["wte.weight"])
    with pytest.raises(DataError, match=r"no tokenizer\.json"):
        DecoderClassifier({**SMALL, "decoder": "nowhere"}).fit(MATRIX, LABELS)


def test_the_same_seed_gives_the_same_bytes():
    made = []
    for seed in (3, 3, 4):
        model = DecoderClassifier({**SMALL, "passes": 1}, seed).trained(EXAMPLES)
        made.append(model.log_odds_graph("words said") + model.tokenizer_text().encode())
    assert made[0] == made[1] != made[2]


def test_it_takes_more_than_two_classes_and_says_how_far_it_is():
    three = Examples(EXAMPLES.texts, np.arange(240) % 3, ("a", "b", "c"))
    heard = []
    model = decoder_tuned(
        three,
        None,
        *DecoderShape.split({**SMALL, "passes": 1}),
        seed=0,
        progress=lambda stage, share: heard.append((stage, round(share, 2))),
    )
    assert model.logits(["profit"]).shape == (1, 3)
    assert [heard[2], heard[-1]] == [("next tokens", 1.0), ("passes", 1.0)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"width": 30, "heads": 4}, "a multiple of the heads"),
        ({"vocabulary": 100}, "300 or more"),
        ({"next_passes": -1}, "next_passes=-1"),
        ({"passes": 0}, "passes = 0"),
        ({"depth": 3}, "no option depth"),
    ],
)
def test_what_is_out_of_range_is_named(given, said):
    with pytest.raises(ConfigError, match=said):
        DecoderShape.split(given)
