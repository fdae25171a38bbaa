"""Piecewise-linear columns: what a network sees of a design matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Columns between 0 and 1, each made from one feature.

    Numbers come first, one column a bin: 0 below the bin, 1 above it, the share of it
    that is passed within. Then indicators of missing values, then of categories.

    Attributes
    ----------
    numeric : ndarray of shape (n_bins,)
        Feature of each bin.
    starts, widths : ndarray of shape (n_bins,)
        Lower edge of each bin, in the feature's unit, and its width, above 0.
    flagged : ndarray of int
        Features with an indicator of a missing value.
    coded, codes : ndarray of shape (n_indicators,)
        Feature of each indicator of a category, and the code that it stands for.
    n_features : int
        Columns of the design matrix.

    References
    ----------
    Y. Gorishniy, I. Rubachev, A. Babenko, "On embeddings for numerical features in
    tabular deep learning", NeurIPS, 2022, equation 1. Here the first and the last bin
    end too: a value outside the training rows' range counts as its nearest edge.
    """

    numeric: Ints
    starts: Floats
    widths: Floats
    flagged: Ints
    coded: Ints
    codes: Floats
    n_features: int

    @property
    def owners(self) -> Ints:
        """Feature of each column, shape (n_columns,)."""
        return np.concatenate((self.numeric, self.flagged, self.coded))

    def encode(self, matrix: Floats) -> Floats:
        """Return the columns of a design matrix, shape (n_rows, n_columns)."""
        # Held within the bin before the division: a narrow bin would overflow.
        within = np.clip(matrix[:, self.numeric] - self.starts, 0.0, self.widths)
        passed = within / self.widths
        return np.hstack(
            (
                np.where(np.isnan(passed), 0.0, passed),
                np.isnan(matrix[:, self.flagged]),
                matrix[:, self.coded] == self.codes,
            )
        ).astype(np.float64, copy=False)


def fit_encoding(
    matrix: Floats, categories: tuple[tuple[float, ...] | None, ...], n_bins: int
) -> Encoding:
    """Learn bins from training rows.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        Training rows of the design matrix, NaN for missing.
    categories : tuple of (tuple of float or None), length n_features
        Code numbers of each column; None for a number.
    n_bins : int
        Most bins of a number, 1 or more. Edges are quantiles; equal ones are merged, so
        a number with few distinct values has few bins.

    Examples
    --------
    >>> found = fit_encoding(np.array([[0.0], [1.0], [4.0]]), (None,), 2)
    >>> found.starts, found.widths
    (array([0., 1.]), array([1., 3.]))
    >>> found.encode(np.array([[2.5]]))
    array([[1. , 0.5]])
    """
    numeric: list[int] = []
    starts: list[float] = []
    widths: list[float] = []
    for column, codes in enumerate(categories):
        values = matrix[:, column]
        values = values[~np.isnan(values)]
        if codes is not None or not len(values):
            continue
        edges = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)))
        numeric += [column] * (len(edges) - 1)
        starts += edges[:-1].tolist()
        widths += np.diff(edges).tolist()
    pairs = [(c, code) for c, codes in enumerate(categories) for code in codes or ()]
    return Encoding(
        numeric=np.array(numeric, dtype=np.int64),
        starts=np.array(starts, dtype=np.float64),
        widths=np.array(widths, dtype=np.float64),
        flagged=np.flatnonzero(np.isnan(matrix).any(axis=0)).astype(np.int64),
        coded=np.array([column for column, _ in pairs], dtype=np.int64),
        codes=np.array([code for _, code in pairs], dtype=np.float64),
        n_features=matrix.shape[1],
    )
