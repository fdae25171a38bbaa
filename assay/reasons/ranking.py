"""From contributions to the few texts that an applicant reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract

Floats: TypeAlias = NDArray[np.float64]

MOST = 4
"""Reasons an answer: with more than four, Regulation B's commentary says, an applicant
is not helped (12 CFR 1002, comment 9(b)(2)-1)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision was adverse.

    Attributes
    ----------
    field : str
        The field that weighed most under this text.
    text : str
        What the applicant reads, from the contract.
    contribution : float
        Calibrated log-odds towards the adverse action, above 0.
    fields : tuple of str
        All fields that the contract gives this text, in its order.
    """

    field: str
    text: str
    contribution: float
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """The reason texts of a contract, each with the features that bear it.

    Attributes
    ----------
    texts : tuple of str
        In the order in which the contract first gives them.
    columns : tuple of tuple of int
        Features of each text, as columns of the design matrix.
    names : tuple of str
        Names of all features.
    """

    texts: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Return the texts of the features that have one; other roles have no say."""
        found: dict[str, list[int]] = {}
        for column, field in enumerate(contract.features):
            if field.reason.strip():
                found.setdefault(field.reason, []).append(column)
        return cls(
            texts=tuple(found),
            columns=tuple(tuple(columns) for columns in found.values()),
            names=tuple(field.name for field in contract.features),
        )

    def ranked(self, contributions: Floats) -> tuple[Reason, ...]:
        """Return at most four reasons, the weightiest first.

        Parameters
        ----------
        contributions : ndarray of shape (n_features,)
            Log-odds towards the adverse action.

        Returns
        -------
        tuple of Reason
            Fields of the same text count as one, by their sum. Those that do not weigh
            towards the adverse action are left out; ties keep the contract's order.
        """
        return tuple(
            Reason(
                field=self.names[column],
                text=self.texts[place],
                contribution=total,
                fields=tuple(self.names[each] for each in self.columns[place]),
            )
            for place, column, total in self.heaviest(contributions)
        )

    def heaviest(self, contributions: Floats) -> list[tuple[int, int, float]]:
        """Return what `ranked` does as numbers: text, feature and weight of each."""
        values: list[float] = contributions.tolist()
        found = []
        for place, columns in enumerate(self.columns):
            total = values[columns[0]]
            if len(columns) > 1:
                total = sum(values[column] for column in columns)
            if total > 0:
                found.append((-total, place, columns))
        found.sort()  # a place is there once: what stands behind it is never compared
        return [
            (
                place,
                columns[0] if len(columns) == 1 else max(columns, key=values.__getitem__),
                -total,
            )
            for total, place, columns in found[:MOST]
        ]


def most_usual(matrix: Floats, contract: Contract) -> Floats:
    """Return one ordinary value a feature, shape (n_features,).

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        Accepted training rows.
    contract : Contract
        Says which features are numbers.

    Returns
    -------
    ndarray of shape (n_features,)
        The median of a number (of two middle values the lower, which occurs), the most
        frequent value of a category or boolean; NaN where no row has a value.
    """
    found = np.full(matrix.shape[1], np.nan)
    for column, field in enumerate(contract.features):
        values = matrix[:, column]
        values = values[~np.isnan(values)]
        if not len(values):
            continue
        if field.is_numeric:
            found[column] = np.quantile(values, 0.5, method="lower")
        else:
            distinct, counts = np.unique(values, return_counts=True)
            found[column] = distinct[np.argmax(counts)]
    return found


def reasons_as_json(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    """Return reasons as an answer holds them: field and text."""
    return [{"field": reason.field, "text": reason.text} for reason in reasons]
