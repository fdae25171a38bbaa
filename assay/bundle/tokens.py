"""From a text to a graph's tokens: the tokenizer travels inside the graph.

A graph that reads a text names its tokenizer in its own metadata, so that no other one
can be put beside it, and the digest of the graph covers both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

Tokens: TypeAlias = NDArray[np.int64]

TOKENIZER = "assay.tokenizer"
"""Key of the graph's metadata: the tokenizer as JSON, truncation included."""

PRECISION = "assay.precision"
"""Key of the graph's metadata: ``float32`` where it does not compute in float64."""

TOLERANCES: Mapping[str, float] = {"float64": 1e-12, "float32": 1e-4}
"""Largest difference in probability between two processors, by precision."""


class TextTokens(NamedTuple):
    """A text as its graph takes it.

    Attributes
    ----------
    text : str
        As it was sent.
    ids : ndarray of shape (1, n_tokens)
        Tokens, as far as the graph reads.
    starts, ends : ndarray of shape (n_tokens,)
        Characters of the text that each stands for, the end exclusive.
    is_mark : ndarray of shape (n_tokens,)
        Whether the tokenizer put it there, whatever the text.
    """

    text: str
    ids: Tokens
    starts: Tokens
    ends: Tokens
    is_mark: NDArray[np.bool_]


class TextReader:
    """Reads texts as the graph's training did.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        With its truncation; it gives every text at least one token.
    """

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 # tokenizers is untyped
        self._tokenizer = tokenizer

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Self:
        """Return the reader that a graph's metadata holds.

        Raises
        ------
        BundleError
            If there is none or it does not read.
        """
        from tokenizers import Tokenizer  # only versions that read texts need it

        content = metadata.get(TOKENIZER)
        if content is None:
            raise BundleError(
                f"the graph reads a text and its metadata has no {TOKENIZER!r}; train "
                "the version with this release"
            )
        try:
            return cls(Tokenizer.from_str(content))
        except Exception as error:  # its exceptions share no base class
            raise BundleError(f"the graph's tokenizer does not read: {error}") from error

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of one text, shape (1, n_tokens)."""
        return np.array([self._tokenizer.encode(text).ids], dtype=np.int64)

    def read(self, text: str) -> TextTokens:
        """Return the tokens of one text with what of it they stand for."""
        found = self._tokenizer.encode(text)
        spans = np.array(found.offsets, dtype=np.int64).reshape(-1, 2)
        return TextTokens(
            text=text,
            ids=np.array([found.ids], dtype=np.int64),
            starts=spans[:, 0],
            ends=spans[:, 1],
            is_mark=np.array(found.special_tokens_mask, dtype=bool),
        )


def tolerance_of(metadata: Mapping[str, str]) -> float:
    """Return how far a golden row's probability may be from the recorded one.

    Raises
    ------
    BundleError
        If the graph names a precision that there is not.
    """
    precision = metadata.get(PRECISION, "float64")
    if precision not in TOLERANCES:
        raise BundleError(
            f"the graph names the precision {precision!r}; there are "
            f"{', '.join(TOLERANCES)}"
        )
    return TOLERANCES[precision]
