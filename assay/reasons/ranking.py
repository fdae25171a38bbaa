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

LEAST_SHARE = 0.15
"""Of all that weighs towards the adverse action, what a text must carry to be named; the
weightiest is named whatever it carries. Below it a hair's breadth of noise changes which
text comes last: docs/methods/reasons.md."""


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
    least_share : float
        What a text must carry to be named, as `LEAST_SHARE`.
    """

    texts: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    least_share: float = LEAST_SHARE

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
            Fields of the same text count as one, by their sum. The first, and those
            that carry at least `least_share` of what weighs towards the adverse action;
            ties keep the contract's order.
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
        found = self._adverse(values)
        # Totals are negative here.
        least = self.least_share * sum(total for total, _, _ in found)
        return [
            (
                place,
                columns[0] if len(columns) == 1 else max(columns, key=values.__getitem__),
                -total,
            )
            for rank, (total, place, columns) in enumerate(found[:MOST])
            if rank == 0 or total <= least
        ]

    def weightiest(self, contributions: Floats) -> frozenset[str]:
        """Return the at most four weightiest texts, be they named or too light for it."""
        found = self._adverse(contributions.tolist())
        return frozenset(self.texts[place] for _, place, _ in found[:MOST])

    def _adverse(self, values: list[float]) -> list[tuple[float, int, tuple[int, ...]]]:
        """Return weight below 0, place and columns of each text that weighs, in order."""
        found = []
        for place, columns in enumerate(self.columns):
            total = values[columns[0]]
            if len(columns) > 1:
                total = sum(values[column] for column in columns)
            if total > 0:
                found.append((-total, place, columns))
        found.sort()  # a place is there once: what stands behind it is never compared
        return found


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
