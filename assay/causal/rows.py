"""Rows in, checked columns of numbers out, sorted by content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.panel import refuse_constant
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Observations:
    """Outcome, treatment and covariates of independent rows, sorted by their content.

    Attributes
    ----------
    outcome : ndarray of shape (n_rows,)
        Outcome in its own unit, finite.
    treated : ndarray of shape (n_rows,), bool
        Whether the row was treated; both values occur.
    design : ndarray of shape (n_rows, 1 + n_covariates)
        A column of ones, then the covariates; of full column rank.
    names : tuple of str
        Names of the columns of `design`, the first one ``"intercept"``.
    order : ndarray of shape (n_rows,)
        ``order[i]`` is the caller's position of sorted row i.
    """

    outcome: Floats
    treated: Bools
    design: Floats
    names: tuple[str, ...]
    order: Positions

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.outcome.size

    def keep(self, kept: Bools) -> Observations:
        """Return the sorted rows where `kept` is true; positions stay the caller's."""
        return Observations(
            self.outcome[kept],
            self.treated[kept],
            self.design[kept],
            self.names,
            self.order[kept],
        )


def observe(
    frame: pd.DataFrame, *, outcome: str, treatment: str, covariates: Sequence[str]
) -> Observations:
    """Check the columns of a frame of independent rows and lay them out as numbers.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome : str
        Numeric or boolean column.
    treatment : str
        Column of 0 and 1, or boolean.
    covariates : sequence of str
        Columns, or terms made of numeric columns: ``"age**2"`` is a power,
        ``"educ*re74"`` a product. Text and categories become one indicator a level,
        without the first in sorted order.

    Returns
    -------
    Observations
        Rows sorted by treatment, outcome and covariates.

    Raises
    ------
    DataError
        If a column is absent, not numeric or has missing values, if the treatment is
        not binary or does not vary, or if a covariate repeats what others say.

    Notes
    -----
    Everything is float64 before it is multiplied: powers of the small integers in which
    survey files are stored would overflow silently.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1, 2, 3, 5], "d": [1, 0, 1, 0], "x": [3, 1, 2, 2]})
    >>> observe(frame, outcome="y", treatment="d", covariates=["x", "x**2"]).names
    ('intercept', 'x', 'x**2')
    """
    if not len(frame):
        raise DataError("the frame has no rows; give at least one treated and one not")
    refuse_constant(frame, outcome)
    y = numeric_column(frame, outcome)
    t = binary_column(frame, treatment)
    design, names = covariate_matrix(frame, covariates)
    order = np.lexsort((*design.T[:0:-1], y, t)).astype(np.intp)
    design = np.ascontiguousarray(design[order])
    refuse_collinear(design, names)
    return Observations(y[order], t[order], design, names, order)


def numeric_column(frame: pd.DataFrame, name: str) -> Floats:
    """Return column `name` as float64.

    Raises
    ------
    DataError
        If it is absent, not numeric, or has missing or infinite values.
    """
    if name not in frame.columns:
        raise DataError(f"column {name!r} is not in the frame; it has {_listed(frame)}")
    column = frame[name]
    if not (
        pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    ) or pd.api.types.is_complex_dtype(column):
        raise DataError(
            f"column {name!r} is of type {column.dtype}, not a number; convert it first"
        )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    n_bad = int(np.count_nonzero(~np.isfinite(values)))
    if n_bad:
        raise DataError(
            f"column {name!r} has {n_bad} missing or infinite values among "
            f"{values.size}; drop or fill those rows on purpose before the analysis"
        )
    return values


def binary_column(frame: pd.DataFrame, name: str) -> Bools:
    """Return column `name` as bool.

    Raises
    ------
    DataError
        If it is not coded 0 and 1, or holds only one of them.
    """
    values = numeric_column(frame, name)
    found = np.unique(values)
    odd = found[(found != 0) & (found != 1)]
    if odd.size:
        raise DataError(
            f"treatment {name!r} must be 0 or 1, and holds {odd[0]:g} among "
            f"{found.size} distinct values; code treated rows 1 and the others 0"
        )
    if found.size == 1:
        raise DataError(
            f"treatment {name!r} is {found[0]:g} on all {values.size} rows; without "
            "variation there is nothing to compare with"
        )
    return np.asarray(values == 1, dtype=np.bool_)


def covariate_matrix(
    frame: pd.DataFrame, covariates: Sequence[str]
) -> tuple[Floats, tuple[str, ...]]:
    """Return a column of ones and the covariates of shape (n_rows, 1 + n), with names.

    Raises
    ------
    DataError
        As :func:`observe`, about covariates.
    """
    columns, names = [np.ones(len(frame))], ["intercept"]
    for term in covariates:
        # An indicator for every level but the first: the intercept stands for that.
        for name, values in _term(frame, term)[int(_has_levels(frame, term)) :]:
            if name in names:
                raise DataError(f"covariate {name!r} is listed twice; list it once")
            columns.append(values)
            names.append(name)
    return np.column_stack(columns), tuple(names)


def covariate_levels(
    frame: pd.DataFrame, covariates: Sequence[str]
) -> tuple[Floats, tuple[str, ...]]:
    """Return the covariates with every level of text columns, for tables of balance.

    Returns
    -------
    columns : ndarray of shape (n_rows, n)
    names : tuple of str
    """
    found = [item for term in covariates for item in _term(frame, term)]
    columns = [values for _, values in found]
    names = tuple(name for name, _ in found)
    return np.column_stack(columns) if columns else np.empty((len(frame), 0)), names


def refuse_collinear(design: Floats, names: Sequence[str]) -> None:
    """Refuse a matrix whose columns repeat each other.

    Raises
    ------
    DataError
        Naming the first column that is a linear combination of those before it.
    """
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale[scale == 0] = 1.0
    triangle = np.linalg.qr(design / scale, mode="r")
    left = np.abs(np.diag(triangle))
    if left.size < design.shape[1]:
        raise DataError(
            f"{design.shape[0]} rows cannot carry {design.shape[1]} columns; use fewer "
            "covariates or more rows"
        )
    # 1e-10 of a column's own length is what rounding leaves of an exact copy.
    gone = np.flatnonzero(left < 1e-10)
    if gone.size:
        name = names[int(gone[0])]
        raise DataError(
            f"covariate {name!r} is a linear combination of {list(names[: gone[0]])}; "
            "drop it: constants and repeated information carry nothing"
        )


def _term(frame: pd.DataFrame, term: str) -> list[tuple[str, Floats]]:
    if term in frame.columns:
        if _has_levels(frame, term):
            return _indicators(frame[term], term)
        return [(term, numeric_column(frame, term))]
    name, _, power = term.partition("**")
    if power:
        if not power.strip().isdigit():
            raise DataError(f"power of term {term!r} must be a whole number, like 'x**2'")
        return [(term, numeric_column(frame, name.strip()) ** int(power))]
    product = np.ones(len(frame))
    for factor in term.split("*"):
        product = product * numeric_column(frame, factor.strip())
    return [(term, product)]


def _has_levels(frame: pd.DataFrame, term: str) -> bool:
    if term not in frame.columns:
        return False
    column = frame[term]
    return (
        isinstance(column.dtype, pd.CategoricalDtype)
        or pd.api.types.is_object_dtype(column)
        or pd.api.types.is_string_dtype(column)
    )


def _indicators(column: pd.Series[Any], name: str) -> list[tuple[str, Floats]]:
    n_missing = int(column.isna().sum())
    if n_missing:
        raise DataError(
            f"covariate {name!r} has {n_missing} missing values among {len(column)}; "
            "make missing a level of its own, or drop those rows on purpose"
        )
    text = column.astype(str).to_numpy(dtype=str)
    levels = np.unique(text)
    if levels.size > 200:
        raise DataError(
            f"covariate {name!r} has {levels.size} levels; more than 200 indicators "
            "describe rows, not groups: make it coarser"
        )
    return [(f"{name}={level}", (text == level).astype(np.float64)) for level in levels]


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(repr(str(column)) for column in list(frame.columns)[:30])
