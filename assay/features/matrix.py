"""The design matrix: one float64 column a feature, in the contract's order."""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from assay.contract import Contract, Field
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

UNSEEN = -1.0
"""Code of a word outside the contract's categories."""


def design_matrix(
    frame: pd.DataFrame, contract: Contract
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the features as numbers, and their names.

    Parameters
    ----------
    frame : DataFrame of n_rows
        At least one column a feature of the contract; other columns are ignored.
    contract : Contract
        Names the features. Bounds and null rules are not checked here.

    Returns
    -------
    matrix : ndarray of shape (n_rows, n_features)
        Numbers, code numbers and booleans as they are; a word as its position in the
        contract's categories, -1 where it is none of them; NaN where missing (None,
        NaN or the empty text). The matrix of a contract with a free text holds objects:
        the text as it is.
    names : tuple of str
        The features, in the contract's order.

    Raises
    ------
    DataError
        If a feature has no column, a value is not of its kind or is infinite.

    Examples
    --------
    >>> from pathlib import Path
    >>> from assay.contract import read_contract
    >>> contract = read_contract(Path("data/contracts/credit_default.toml"))
    >>> names = [field.name for field in contract.features]
    >>> frame = pd.DataFrame({name: [None] for name in names}).assign(housing="own")
    >>> matrix, names = design_matrix(frame, contract)
    >>> float(matrix[0, names.index("housing")])
    2.0
    """
    names = tuple(field.name for field in contract.features)
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise DataError(
            f"{len(absent)} of {len(names)} features have no column: "
            f"{', '.join(absent[:10])}; give one, of None where the value is missing"
        )
    if contract.free_text is not None:
        return _texts(frame[contract.free_text.name]), names
    matrix = np.empty((len(frame), len(names)), dtype=np.float64)
    for column, field in enumerate(contract.features):
        matrix[:, column] = _codes(frame[field.name], field)
    return matrix, names


def as_number(column: NDArray[Any], field: Field) -> Floats:
    """Return a column of the design matrix as numbers: of a text its characters."""
    if not field.is_free_text:
        return np.asarray(column, dtype=np.float64)
    return np.fromiter((len(text) for text in column), np.float64, len(column))


class DesignMatrix(TransformerMixin, BaseEstimator):  # type: ignore[misc] # untyped base
    """`design_matrix` as the first step of a scikit-learn pipeline. It learns nothing.

    Parameters
    ----------
    contract : Contract
        Names the features.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    def fit(self, frame: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 # API
        """Return itself; the contract says everything."""
        self.n_features_in_ = len(self.contract.features)
        return self

    def transform(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return the design matrix of `frame`, shape (n_rows, n_features)."""
        return design_matrix(frame, self.contract)[0]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002 # API
        """Return the features' names, in the contract's order."""
        return np.array([field.name for field in self.contract.features], dtype=object)


def _texts(values: pd.Series) -> NDArray[np.object_]:
    """Return texts as a matrix of one column, shape (n_rows, 1)."""
    n_odd = sum(not isinstance(value, str) or not value for value in values)
    if n_odd:
        raise DataError(
            f"feature {values.name!r} is a text; {n_odd} of {len(values)} values are "
            "missing or no text"
        )
    return values.to_numpy(dtype=object).reshape(-1, 1)


def _codes(values: pd.Series, field: Field) -> Floats:
    return _word_codes(values, field) if field.has_text_categories else _numbers(values)


def _word_codes(values: pd.Series, field: Field) -> Floats:
    is_missing = values.isna().to_numpy() | (values == "").to_numpy(dtype=bool)
    found = pd.Index(field.categories).get_indexer(pd.Index(values))
    codes = found.astype(np.float64)
    if (found < 0).any():
        _refuse_other_than_words(values[(found < 0) & ~is_missing], field.name)
        codes[is_missing] = np.nan
    return codes


def _refuse_other_than_words(unknown: pd.Series, name: str) -> None:
    n_odd = sum(not isinstance(value, str) for value in unknown)
    if n_odd:
        raise DataError(
            f"feature {name!r} is a category of words; {n_odd} values are not text"
        )


def _numbers(values: pd.Series) -> Floats:
    if values.dtype == object:
        n_texts = sum(isinstance(value, str) for value in values)
        if n_texts:
            raise DataError(f"feature {values.name!r} is numeric; {n_texts} are text")
    try:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(f"feature {values.name!r} is not numeric: {error}") from error
    n_infinite = int(np.count_nonzero(np.isinf(numbers)))
    if n_infinite:
        raise DataError(
            f"feature {values.name!r} has {n_infinite} infinite values among "
            f"{len(numbers)}; a value that is not known is written as missing"
        )
    return numbers
