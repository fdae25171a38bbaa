"""A contract with a text, texts with a known relation to the label, a small encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pandas as pd

from assay.bundle import Manifest, MetricValue, Parts, write_bundle
from assay.models import Fitted, golden_rows

CONTRACT = """
name = "note"
revision = 1
purpose = "Probability that a note is bad news."
owner = "tests"
[label]
field = "bad"
[decision]
name = "show a note"
positive_action = "hide"
negative_action = "show"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 1
[gates]
min_rows = 100
min_positives = 20
floors = { auc = 0.6 }
margins = { auc = 0.0 }
[gates.service]
parity = 1e-4
[[field]]
name = "words said"
dtype = "text"
maximum = 80
reason = "What the note says"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""
GOOD = ("profit", "rose", "sales", "grew", "gain", "well")
BAD = ("loss", "fell", "debt", "deep", "down", "badly")
EITHER = ("the", "company", "said", "on", "monday", "Größe", "çok", "2026")


def notes(n_rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """Return notes whose words mostly fit their label."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_rows):
        bad = float(number % 3 == 0)
        fitting = (BAD if bad else GOOD) if rng.random() < 0.9 else (GOOD + BAD)
        drawn = [*rng.choice(fitting, 3), *rng.choice(EITHER, 4)]
        rows.append((" ".join(rng.permutation(drawn)), bad))
    return pd.DataFrame(rows, columns=["words said", "bad"])


def small_encoder(folder: Path) -> str:
    """Write an encoder of two small layers with a tokenizer; return its folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=40, intermediate_size=64, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", *GOOD, *BAD, *EITHER]
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))  # noqa: S106 # no password
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


def write_version(
    folder: Path,
    fitted: Fitted,
    frame: pd.DataFrame,
    contract_text: str,
    documents: dict[str, bytes] | None = None,
) -> str:
    """Write the bundle of a fitted model; return its digest."""
    manifest = Manifest(
        model_name=fitted.contract.name,
        algorithm=fitted.algorithm,
        parameters={},
        threshold=fitted.threshold,
        seed=fitted.seed,
        n_rows={"train": 3},
        metrics={"auc": MetricValue(value=0.7, low=0.6, high=0.8)},
        contract_digest=fitted.contract.digest,
        snapshot_digest="0" * 64,
        code_revision="none",
        lock_digest="1" * 64,
        library_versions={"onnx": onnx.__version__},
    )
    golden = golden_rows(fitted, frame)
    parts = Parts(manifest, fitted.graph(), contract_text, golden, documents or {})
    return write_bundle(folder, parts)
