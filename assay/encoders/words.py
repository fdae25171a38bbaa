"""Words and pairs of words by TF-IDF, logistic regression: what an encoder must beat."""

from __future__ import annotations

from functools import cache
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

Floats: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.object_]
Term: TypeAlias = tuple[str, ...]

WORD = r"\b\w\w+\b"
"""A word: two or more letters, digits or underscores of any script."""

BEGIN, UNKNOWN = "[BEGIN]", "[UNKNOWN]"
"""What every text begins with, and what a word becomes that training has not kept."""


class WordClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """Learns texts of two classes, the first column of its matrix.

    Parameters
    ----------
    strength : float
        Inverse of the ridge; the classes weigh the same.
    most_words : int
        Words that a pair may have at most: 1 for words alone, 2 for pairs too.
    fewest_texts : int
        Texts in which a word or pair must occur.

    Attributes
    ----------
    terms_ : list of tuple of str
        Words and pairs, in the order of `weights_`.
    idf_, weights_ : ndarray of shape (n_terms,)
        Inverse document frequencies, and log-odds a unit of a text's column.
    intercept_ : float
        Log-odds of a text without a known word.
    """

    def __init__(
        self, strength: float = 10.0, most_words: int = 2, fewest_texts: int = 2
    ) -> None:
        self.strength = strength
        self.most_words = most_words
        self.fewest_texts = fewest_texts

    def fit(self, matrix: Texts, labels: Floats) -> Self:
        """Learn from texts, shape (n_texts, 1), and labels 0 or 1."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.classes_ = np.array([0.0, 1.0])
        self._columns = TfidfVectorizer(
            analyzer=self._terms_of, min_df=self.fewest_texts, sublinear_tf=True
        )
        columns = self._columns.fit_transform(matrix[:, 0])
        classifier = LogisticRegression(
            C=self.strength, class_weight="balanced", max_iter=1000
        ).fit(columns, labels)
        places = self._columns.vocabulary_
        self.terms_: list[Term] = sorted(places, key=places.__getitem__)
        self.idf_ = np.asarray(self._columns.idf_, dtype=np.float64)
        self.weights_ = np.ravel(classifier.coef_).astype(np.float64)
        self.intercept_ = float(classifier.intercept_[0])
        return self

    def decision_function(self, matrix: Texts) -> Floats:
        """Return log-odds of label 1, shape (n_texts,)."""
        columns = self._columns.transform(matrix[:, 0])
        return np.asarray(columns @ self.weights_ + self.intercept_, dtype=np.float64)

    def numbers(self) -> dict[str, int]:
        """Return the number of each word of a term, after `BEGIN` and `UNKNOWN`."""
        words = sorted({word for term in self.terms_ for word in term})
        return {word: number for number, word in enumerate([BEGIN, UNKNOWN, *words])}

    def tokenizer(self) -> str:
        """Return the tokenizer from a text to the numbers of its words, as JSON.

        It splits as training does; `BEGIN`, which is in no term, gives a text without a
        word one token.
        """
        from tokenizers import Tokenizer, models, processors

        tokenizer = Tokenizer(models.WordLevel(self.numbers(), unk_token=UNKNOWN))
        tokenizer.normalizer, tokenizer.pre_tokenizer = _splitting()
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A", special_tokens=[(BEGIN, 0)]
        )
        return str(tokenizer.to_str())

    def _terms_of(self, text: str) -> list[Term]:
        lower, split = _splitting()
        found = split.pre_tokenize_str(lower.normalize_str(text))
        words = [word for word, _ in found]
        return [
            tuple(words[start : start + length])
            for length in range(1, self.most_words + 1)
            for start in range(len(words) - length + 1)
        ]


@cache
def _splitting() -> tuple[Any, Any]:
    """Return what makes lower case, and what keeps the words and nothing between them."""
    from tokenizers import Regex, normalizers, pre_tokenizers

    split = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    return normalizers.Lowercase(), split
