"""How a decoder is made and learns to tell the next token, and the defaults; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from assay.encoders.shape import TextShape
from assay.errors import ConfigError

NEW_DECODER = "new"
"""In place of a folder: made here, from the training texts alone."""


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """A decoder and its pre-training; `TextShape` says how it is then fine-tuned.

    Attributes
    ----------
    vocabulary, width, layers, heads : int
        Of a new decoder: tokens at most, values a token, blocks, heads of attention.
    next_passes : int
        Walks over the training texts by next-token loss; 0 leaves that out.
    next_rate : float
        Its highest learning rate.
    """

    vocabulary: int = 2048
    width: int = 96
    layers: int = 3
    heads: int = 4
    next_passes: int = 6
    next_rate: float = 2e-3

    @classmethod
    def split(cls, parameters: Mapping[str, Any]) -> tuple[Self, TextShape]:
        """Return both shapes of an estimator's parameters or a run's options.

        Raises
        ------
        ConfigError
            If there is no such option, or its value is out of range.
        """
        own = {each.name for each in fields(cls)}
        made = cls(**{k: v for k, v in parameters.items() if k in own})
        others = {k: v for k, v in parameters.items() if k not in {"decoder", *own}}
        shape = TextShape.of({**TUNED, **others})
        counts = (made.width, made.layers, made.heads, made.next_passes + 1)
        if (
            not all(isinstance(count, int) and count >= 1 for count in counts)
            or made.width % made.heads
            or made.vocabulary < FEWEST_TOKENS
            or made.next_rate <= 0
        ):
            raise ConfigError(
                f"out of range for a decoder: {made}; counts are 1 or more, the width a "
                f"multiple of the heads, the vocabulary {FEWEST_TOKENS} or more, rates "
                "above 0"
            )
        return made, shape


FEWEST_TOKENS = 300
"""The 256 bytes and the marks are in every vocabulary."""

TUNED: Mapping[str, Any] = {
    "training": "full",
    "encoder_rate": 5e-4,
    "head_rate": 1e-3,
    "layer_decay": 1.0,
    "balance": 0.5,
    "passes": 3,
    "precision": "float32",
}
"""Where a small decoder asks for other values than an encoder."""

DECODER_DEFAULTS: dict[str, Any] = {
    "decoder": NEW_DECODER,
    **asdict(DecoderShape()),
    **asdict(TextShape.of(TUNED)),
}
