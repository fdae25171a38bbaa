"""The baseline of texts: words and pairs of words by TF-IDF, logistic regression."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from assay.encoders.examples import Examples

Floats: TypeAlias = NDArray[np.float64]


class Baseline:
    """A fitted baseline.

    Parameters
    ----------
    pipeline : Pipeline
        From texts to classes.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def probabilities(self, texts: tuple[str, ...]) -> Floats:
        """Return the probability of each class, shape (n_texts, n_classes)."""
        return np.asarray(self._pipeline.predict_proba(list(texts)), dtype=np.float64)


def fit_baseline(examples: Examples) -> Baseline:
    """Fit the baseline; classes weigh the same."""
    pipeline = Pipeline(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)),
            (
                "classifier",
                LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000),
            ),
        ]
    )
    return Baseline(pipeline.fit(list(examples.texts), examples.labels))
