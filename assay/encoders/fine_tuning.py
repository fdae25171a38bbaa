"""A pre-trained encoder with a head, fitted to classes of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from assay.encoders.examples import Examples
from assay.encoders.modules import TextModel, TextModule, tokenised
from assay.encoders.shape import TextShape
from assay.networks.devices import check_device, this_machine
from assay.networks.repeatable import repeatable

Floats: TypeAlias = NDArray[np.float64]
Progress: TypeAlias = Callable[[str, float], None]

POOL = 20
"""Batches whose texts are put in order of length together."""

MOST_GRADIENT = 1.0
"""Length beyond which the gradient of a step is cut."""


def fine_tuned(
    examples: Examples,
    encoder: str,
    shape: TextShape,
    *,
    seed: int,
    progress: Progress | None = None,
) -> TextModel:
    """Fit an encoder's head, or all of it, to texts.

    Parameters
    ----------
    examples : Examples
        Training texts; a rare class weighs more, so that all weigh the same.
    encoder : str
        Folder of a pre-trained encoder with its ``tokenizer.json``.
    shape : TextShape
        How.
    seed : int
        Of the head's first weights, the order of texts and the dropout.
    progress : callable, optional
        Called with the stage and the share of it that is done.

    Raises
    ------
    DeviceError
        If the device that is asked for is not there.
    """
    from transformers import AutoModel

    if shape.device == "cuda":
        check_device(this_machine())
    tokenizer = Tokenizer.from_file(str(Path(encoder) / "tokenizer.json"))
    tokenizer.enable_truncation(shape.most_tokens)
    tokenizer.enable_padding()
    with repeatable(seed, shape.device):
        loaded = AutoModel.from_pretrained(
            encoder,
            attn_implementation="eager",
            use_safetensors=True,  # a pickle could run anything
            local_files_only=True,
        )
        module = TextModule(loaded, len(examples.classes)).to(shape.device)
        fitted_to_classes(module, tokenizer, examples, shape, progress)
    return TextModel(module.cpu().eval(), tokenizer)


def fitted_to_classes(
    module: TextModule,
    tokenizer: Tokenizer,
    examples: Examples,
    shape: TextShape,
    progress: Progress | None = None,
) -> None:
    """Fit a module's head, or all of it, to the classes of examples, in place."""
    _Fitting(module, tokenizer, examples, shape, progress or _silent).run()


def rising_then_falling(optimiser: Any, n_steps: int, warm_up: float) -> Any:  # noqa: ANN401 # torch
    """Return a schedule of rates that rise in a share of the steps, then fall to 0."""
    rises = max(1, round(warm_up * n_steps))
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / rises, (n_steps - step) / n_steps)
    )


def batches(texts: tuple[str, ...], batch_texts: int) -> list[Any]:
    """Return positions in batches of like lengths, which need little filling up."""
    found: list[Any] = []
    for pool in torch.randperm(len(texts)).split(batch_texts * POOL):
        lengths = torch.tensor([len(texts[row]) for row in pool])
        in_order = pool[lengths.argsort(stable=True)]
        found += in_order.split(batch_texts)
    return [found[place] for place in torch.randperm(len(found))]


class _Fitting:
    def __init__(
        self,
        module: TextModule,
        tokenizer: Tokenizer,
        examples: Examples,
        shape: TextShape,
        tell: Progress,
    ) -> None:
        self.module, self.tokenizer, self.shape = module, tokenizer, shape
        self.texts, self.tell = examples.texts, tell
        self.labels = torch.as_tensor(examples.labels, device=shape.device)
        counts = torch.bincount(self.labels, minlength=len(examples.classes)).clamp(min=1)
        alike = len(self.labels) / (len(counts) * counts.float())
        self.weights = alike**shape.balance

    def run(self) -> None:
        if self.shape.training == "frozen":
            vectors = self._vectors()
            self._learn([{"params": self.module.head.parameters()}], vectors)
            return
        head = {"params": self.module.head.parameters()}
        self._learn([head, *_by_layer(self.module.encoder, self.shape)], None)

    def _learn(self, groups: list[dict[str, Any]], vectors: Any) -> None:  # noqa: ANN401 # a tensor
        shape, n_texts = self.shape, len(self.texts)
        optimiser = torch.optim.AdamW(groups, lr=shape.head_rate, weight_decay=0.01)
        n_steps = -(-n_texts // shape.batch_texts) * shape.passes
        schedule = rising_then_falling(optimiser, n_steps, shape.warm_up)
        for number in range(shape.passes):
            self.module.train(mode=vectors is None)
            walk = (
                batches(self.texts, shape.batch_texts)
                if vectors is None
                else _dealt(n_texts, shape)
            )
            for batch in walk:
                optimiser.zero_grad(set_to_none=True)
                known = self._pooled(batch) if vectors is None else vectors[batch]
                loss = functional.cross_entropy(
                    self.module.head(known), self.labels[batch], weight=self.weights
                )
                loss.backward()
                nn.utils.clip_grad_norm_(self.module.parameters(), MOST_GRADIENT)
                optimiser.step()
                schedule.step()
            self.tell("passes", (number + 1) / shape.passes)

    def _vectors(self) -> Any:  # noqa: ANN401 # a tensor
        """Return every text's vector once: a frozen encoder gives the same each pass."""
        self.module.eval()
        order = np.argsort([len(text) for text in self.texts], kind="stable")
        found: list[Any] = [None] * len(self.texts)
        with torch.no_grad():
            for start in range(0, len(order), 64):
                rows = order[start : start + 64]
                for row, vector in zip(rows, self._pooled(rows), strict=True):
                    found[row] = vector.float()
                self.tell("vectors", min(1.0, (start + 64) / len(order)))
        return torch.stack(found)

    def _pooled(self, rows: Any) -> Any:  # noqa: ANN401 # positions
        half = self.shape.precision == "bfloat16"
        tokens = [
            torch.as_tensor(array, device=self.shape.device)
            for array in tokenised(self.tokenizer, [self.texts[int(row)] for row in rows])
        ]
        with torch.autocast(self.shape.device, torch.bfloat16, enabled=half):
            return self.module.pooled(*tokens).float()


def _dealt(n_texts: int, shape: TextShape) -> Any:  # noqa: ANN401 # tensors
    return torch.randperm(n_texts).split(shape.batch_texts)


def _by_layer(encoder: Any, shape: TextShape) -> list[dict[str, Any]]:  # noqa: ANN401 # torch
    """Return the encoder's weights in groups, each with its learning rate.

    The last layer learns at the full rate, embeddings below the first layer slowest;
    what is in no layer (a pooler) counts as above the last.
    """
    layers = list(getattr(getattr(encoder, "encoder", None), "layer", ()))
    parts = [encoder.embeddings, *layers] if layers else []
    known = {id(weight) for part in parts for weight in part.parameters()}
    others = [each for each in encoder.parameters() if id(each) not in known]
    rate, decay = shape.encoder_rate, shape.layer_decay
    groups = [
        {"params": list(part.parameters()), "lr": rate * decay**above}
        for above, part in enumerate(reversed(parts))
    ]
    return [*groups, {"params": others, "lr": rate}] if others else groups


def _silent(stage: str, share: float) -> None:
    """Report to nobody."""
