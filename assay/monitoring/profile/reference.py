"""The whole reference of a version: features, texts' lengths, score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from assay.contract import Contract, Field
from assay.errors import DataError
from assay.monitoring.profile.columns import (
    ColumnProfile,
    Floats,
    category_profile,
    number_profile,
)
from assay.monitoring.profile.counting import category_counts

SCORE = "score"
LENGTH = "length of "
BUNDLED_POINTS = 5_000
"""Values kept of a column in a bundle; ranks are then off by a five-thousandth."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Profiles by column name.

    Attributes
    ----------
    columns : mapping of str to NumberProfile or CategoryProfile
        Features by name; the length of a text under ``"length of <name>"``, in
        characters; the calibrated probability under ``"score"``.
    """

    columns: Mapping[str, ColumnProfile]

    @property
    def n_rows(self) -> int:
        """Rows of the reference."""
        return max((column.n_rows for column in self.columns.values()), default=0)


def profile_frame(
    frame: pd.DataFrame,
    contract: Contract,
    probabilities: ArrayLike | None = None,
    *,
    most_points: int | None = BUNDLED_POINTS,
) -> Reference:
    """Return the profiles of the rows that a version was approved on.

    Parameters
    ----------
    frame : DataFrame of n_rows
        Typed rows with the contract's features.
    contract : Contract
        Names features and texts.
    probabilities : array-like of shape (n_rows,), optional
        Calibrated probabilities of these rows.
    most_points : int, optional
        As in `number_profile`; None keeps every distinct value.

    Raises
    ------
    DataError
        If a feature has no column, or a value is infinite.
    """
    columns: dict[str, ColumnProfile] = {}
    for field in watched_fields(contract, frame):
        values = frame[field.name]
        if field.categories:
            columns[field.name] = category_profile(
                [str(category) for category in field.categories], *category_counts(values)
            )
        elif field.dtype == "text":
            columns[LENGTH + field.name] = number_profile(
                text_lengths(values), most_points=most_points
            )
        else:
            columns[field.name] = number_profile(
                as_numbers(values), most_points=most_points
            )
    if probabilities is not None:
        columns[SCORE] = number_profile(probabilities, most_points=most_points)
    return Reference(columns)


def watched_fields(contract: Contract, frame: pd.DataFrame) -> list[Field]:
    """Return features, and texts that the frame holds, in the contract's order.

    Raises
    ------
    DataError
        If a feature has no column.
    """
    absent = [field.name for field in contract.features if field.name not in frame]
    if absent:
        raise DataError(
            f"{len(absent)} of {len(contract.features)} features have no column: "
            f"{', '.join(absent[:10])}; monitoring compares every feature"
        )
    texts = [
        field
        for field in contract.fields
        if field.dtype == "text" and field.role == "ignored" and field.name in frame
    ]
    return [*contract.features, *texts]


def as_numbers(values: pd.Series) -> Floats:
    """Return a numeric or boolean column as float64 with NaN for missing."""
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)


def text_lengths(values: pd.Series) -> Floats:
    """Return the characters of each text, of shape (n_rows,), NaN where it is missing."""
    lengths = values.str.len()
    return np.asarray(lengths.to_numpy(dtype=np.float64, na_value=np.nan), np.float64)
