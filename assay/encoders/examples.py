"""Texts with their classes, dealt so that no text is in two parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.errors import DataError

Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts and what they are.

    Attributes
    ----------
    texts : tuple of str
        Not empty.
    labels : ndarray of shape (n_texts,)
        Position of each text's class in `classes`.
    classes : tuple of str
        In alphabetical order.
    """

    texts: tuple[str, ...]
    labels: Ints
    classes: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, text: str, label: str) -> Self:
        """Return the examples of a table's two columns.

        Raises
        ------
        DataError
            If a column is absent, a value is missing, or there are fewer than two
            classes.
        """
        absent = [name for name in (text, label) if name not in frame.columns]
        if absent:
            raise DataError(
                f"no column {', '.join(absent)}; there are {', '.join(frame.columns)}"
            )
        known = frame[[text, label]].dropna()
        known = known[known[text].astype(str).str.strip() != ""]
        n_lost = len(frame) - len(known)
        if n_lost:
            raise DataError(
                f"{n_lost} of {len(frame)} rows have no text or no class; leave them out"
            )
        classes = tuple(sorted(known[label].astype(str).unique()))
        if len(classes) < 2:
            raise DataError(f"{len(classes)} classes in {label!r}; there must be two")
        codes = pd.Categorical(known[label].astype(str), categories=classes).codes
        texts = tuple(known[text].astype(str))
        return cls(texts, np.asarray(codes, dtype=np.int64), classes)

    def part(self, rows: Ints) -> Self:
        """Return the examples at these positions."""
        texts = tuple(self.texts[row] for row in rows)
        return type(self)(texts, self.labels[rows], self.classes)


def dealt(
    examples: Examples, seed: int, shares: tuple[float, float]
) -> tuple[Ints, Ints, Ints]:
    """Return positions for training, for choices, and of the holdout.

    Each class is dealt by itself; texts that occur more than once go to one part, so
    that nothing in the holdout was learned by heart.

    Parameters
    ----------
    examples : Examples
        All of them.
    seed : int
        Of the deal.
    shares : (float, float)
        Of the part for choices and of the holdout.
    """
    rng = np.random.default_rng(seed)
    first = pd.Series(examples.texts).str.strip().str.lower()
    group = pd.factorize(first)[0]
    _, leaders = np.unique(group, return_index=True)
    part_of = np.zeros(len(leaders), dtype=np.int64)
    for code in range(len(examples.classes)):
        own = rng.permutation(np.flatnonzero(examples.labels[leaders] == code))
        n_choice, n_holdout = (round(share * len(own)) for share in shares)
        part_of[own[:n_choice]] = 1
        part_of[own[n_choice : n_choice + n_holdout]] = 2
    parts = part_of[group]
    train, choice, holdout = (np.flatnonzero(parts == part) for part in range(3))
    return train, choice, holdout
