"""An encoder with its head in torch, and the graphs that are traced from it."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

INPUTS = ("input_ids", "attention_mask")


class TextModule(nn.Module):  # type: ignore[misc] # torch is untyped here
    """Encoder, mean over tokens, unit length, a linear layer: logits of the classes."""

    def __init__(self, encoder: Any, n_classes: int) -> None:  # noqa: ANN401 # torch
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(int(encoder.config.hidden_size), n_classes)

    def pooled(self, input_ids: Any, attention_mask: Any) -> Any:  # noqa: ANN401 # tensors
        """Return one vector a text."""
        found = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask[:, :, None].to(found.last_hidden_state.dtype)
        sums = (found.last_hidden_state * mask).sum(dim=1)
        return functional.normalize(sums / mask.sum(dim=1), dim=1) * 10.0

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:  # noqa: ANN401 # tensors
        """Return probabilities, shape (n_texts, n_classes)."""
        return torch.softmax(self.head(self.pooled(input_ids, attention_mask)), dim=1)


@dataclass(frozen=True, slots=True)
class TextModel:
    """A fitted encoder and its tokenizer."""

    module: Any
    tokenizer: Tokenizer

    def logits(self, texts: list[str]) -> Floats:
        """Return the head's answers, shape (n_texts, n_classes), computed in float32."""
        module, found = self.module.eval(), np.empty((len(texts), self.n_classes))
        order = np.argsort([len(text) for text in texts], kind="stable")
        with torch.no_grad():
            for start in range(0, len(order), 64):
                rows = order[start : start + 64]
                tokens = tokenised(self.tokenizer, [texts[row] for row in rows])
                vectors = module.pooled(*map(torch.as_tensor, tokens))
                found[rows] = module.head(vectors).numpy()
        return found

    def tokenizer_text(self) -> str:
        """Return the tokenizer of single texts as JSON: truncated, not filled up."""
        alone = Tokenizer.from_str(self.tokenizer.to_str())
        alone.no_padding()
        return str(alone.to_str())

    @property
    def n_classes(self) -> int:
        """Classes that the head tells apart."""
        return int(self.module.head.out_features)

    def log_odds_graph(self, name: str) -> bytes:
        """Return the ONNX graph from the tokens of one text to ``log_odds``, in float32.

        Parameters
        ----------
        name : str
            Of the input, int64 of shape (1, n_tokens).

        Raises
        ------
        DataError
            If there are more than two classes.
        """
        if self.n_classes != 2:
            raise DataError(f"{self.n_classes} classes have no log-odds; two have")
        content = io.BytesIO()
        _traced(
            _LogOdds(self.module.cpu()).eval(),  # tracing restores the outermost's mode
            (torch.tensor([[1, 1, 1]]),),
            content,
            input_names=[name],
            output_names=["log_odds"],
            dynamic_axes={name: {1: "n_tokens"}},
        )
        return content.getvalue()

    def write_graph(self, path: Path) -> None:
        """Write the ONNX graph from tokens to probabilities, in float32."""
        module = self.module.cpu().eval()
        ids = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])  # in every vocabulary
        _traced(
            module,
            (ids, (ids > 0).long()),
            str(path),
            input_names=list(INPUTS),
            output_names=["probabilities"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in INPUTS}
            | {"probabilities": {0: "texts"}},
        )


class _LogOdds(nn.Module):  # type: ignore[misc] # torch is untyped here
    """Tokens of one text, none of them padding, to log-odds of the second class."""

    def __init__(self, module: TextModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, input_ids: Any) -> Any:  # noqa: ANN401 # tensors
        pooled = self.module.pooled(input_ids, torch.ones_like(input_ids))
        logits = self.module.head(pooled)
        return logits[:, 1] - logits[:, 0]


def _traced(module: Any, inputs: tuple[Any, ...], target: Any, **names: Any) -> None:  # noqa: ANN401 # torch
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of shapes that are dynamic
        torch.onnx.export(module, inputs, target, opset_version=17, dynamo=False, **names)


def tokenised(tokenizer: Tokenizer, texts: list[str]) -> tuple[Any, Any]:
    """Return token ids and mask of texts, each of shape (n_texts, n_tokens)."""
    found = tokenizer.encode_batch(texts)
    ids = np.array([each.ids for each in found], dtype=np.int64)
    return ids, np.array([each.attention_mask for each in found], dtype=np.int64)
