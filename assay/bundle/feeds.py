"""From columns of plain values to the inputs of a graph; the same for all who score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract.model import Contract
from assay.errors import DataError

Feeds: TypeAlias = dict[str, NDArray[Any]]


def graph_feeds(contract: Contract, columns: Mapping[str, Sequence[Any]]) -> Feeds:
    """Return the inputs of a graph for rows given by column.

    Parameters
    ----------
    contract : Contract
        Names the features. Values are taken as they are: checking them against bounds
        and categories is the caller's.
    columns : mapping of str to sequence of length n_rows
        One sequence a feature; None and NaN are missing. Other keys are ignored.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        float64 with NaN for missing; for a category of words an object array of str
        with the empty text for missing; for a free text an object array of str.

    Raises
    ------
    DataError
        If a feature has no column or a value is not of its kind.

    Examples
    --------
    >>> from pathlib import Path
    >>> from assay.contract import read_contract
    >>> contract = read_contract(Path("data/contracts/credit_default.toml"))
    >>> rows = {field.name: [None] for field in contract.features}
    >>> graph_feeds(contract, rows | {"housing": ["rent"]})["housing"]
    array(['rent'], dtype=object)
    """
    absent = [field.name for field in contract.features if field.name not in columns]
    if absent:
        raise DataError(
            f"{len(absent)} of {len(contract.features)} features have no column: "
            f"{', '.join(absent[:10])}; give one, of None where the value is missing"
        )
    if contract.free_text is not None:
        name = contract.free_text.name
        return {name: _texts(columns[name], name)}
    return {
        field.name: _words(columns[field.name], field.name)
        if field.has_text_categories
        else _numbers(columns[field.name], field.name)
        for field in contract.features
    }


def _numbers(values: Sequence[Any], name: str) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        array = np.asarray(values, dtype=np.object_)
        # A text that looks like a number would convert: it is refused all the same.
        n_texts = sum(isinstance(value, str) for value in array)
        if n_texts:
            raise DataError(f"feature {name!r} is numeric; {n_texts} values are text")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"feature {name!r} is not numeric: {error}") from error


def _texts(values: Sequence[Any], name: str) -> NDArray[np.object_]:
    texts = np.empty(len(values), dtype=np.object_)
    for row, value in enumerate(values):
        if not isinstance(value, str) or not value:
            raise DataError(f"feature {name!r} is a text; row {row} holds {value!r}")
        texts[row] = value
    return texts


def _words(values: Sequence[Any], name: str) -> NDArray[np.object_]:
    words = np.empty(len(values), dtype=np.object_)
    for row, value in enumerate(values):
        if isinstance(value, str):
            words[row] = value
        elif value is None or value != value:  # NaN differs from itself
            words[row] = ""
        else:
            raise DataError(
                f"feature {name!r} is a category of words; row {row} holds {value!r}"
            )
    return words
