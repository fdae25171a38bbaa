"""What a version can say about its decisions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract, Field
from assay.errors import BundleError
from assay.reasons.linear import LinearTable
from assay.reasons.lookup import TreeLookup
from assay.reasons.networks import NetworkTable
from assay.reasons.ranking import Reason, Texts
from assay.reasons.trees import TreeTable

Floats: TypeAlias = NDArray[np.float64]
Table: TypeAlias = TreeTable | TreeLookup | LinearTable | NetworkTable

UNSEEN = -1.0
"""Code of a word outside the contract's categories, as in `assay.features.matrix`."""


@dataclass(frozen=True, slots=True)
class Explainer:
    """A version's table of contributions and the texts of its contract.

    Attributes
    ----------
    table : TreeTable, TreeLookup, LinearTable or NetworkTable
        Where contributions come from.
    usual : ndarray of shape (n_features,)
        An ordinary value a feature, for the audit and for what-if questions.
    texts : Texts
        The contract's reason texts.
    codes : tuple of (str, mapping or None)
        Name of each feature; for words, their codes.
    """

    table: Table
    usual: Floats
    texts: Texts
    codes: tuple[tuple[str, Mapping[Any, float] | None], ...]

    @classmethod
    def of(cls, table: Table, usual: Floats, contract: Contract) -> Self:
        """Return the explainer of a table under its contract.

        Raises
        ------
        BundleError
            If the table is about another number of features.
        """
        n_features = len(contract.features)
        if table.n_features != n_features or usual.shape != (n_features,):
            raise BundleError(
                f"reasons are about {table.n_features} features, the contract has "
                f"{n_features}; the bundle mixes two versions"
            )
        codes = tuple((field.name, _codes_of(field)) for field in contract.features)
        return cls(table, usual, Texts.of(contract), codes)

    def matrix(self, rows: Sequence[Mapping[str, Any]]) -> Floats:
        """Return rows of plain values as a design matrix, (n_rows, n_features).

        None, and a field that is absent, is missing.
        """
        return np.array(
            [
                [
                    _number(row.get(name))
                    if codes is None
                    else codes.get(row.get(name), UNSEEN)
                    for name, codes in self.codes
                ]
                for row in rows
            ],
            dtype=np.float64,
        ).reshape(len(rows), len(self.codes))

    def contributions(self, matrix: Floats) -> Floats:
        """Return calibrated log-odds by feature, shape (n_rows, n_features).

        They add up to the row's calibrated log-odds, less the table's `expected`.
        """
        return self.table.contributions(matrix)

    def reasons(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Reason, ...]]:
        """Return the reasons of rows of plain values, at most four a row."""
        found = self.contributions(self.matrix(rows))
        return [self.texts.ranked(row) for row in found]

    def check(
        self, rows: Sequence[Mapping[str, Any]], probabilities: Sequence[float]
    ) -> None:
        """Compare the sums of contributions with probabilities that are known.

        Raises
        ------
        BundleError
            If they differ by more than 1e-9: the table is another model's.
        """
        sums = self.contributions(self.matrix(rows)).sum(axis=1)
        log_odds: list[float] = (sums + self.table.expected).tolist()
        difference = max(
            abs(_expit(odds) - probability)
            for odds, probability in zip(log_odds, probabilities, strict=True)
        )
        if not difference <= 1e-9:
            raise BundleError(
                f"reasons do not add up to the probabilities: {difference:.3g} off; the "
                "table is another model's, do not serve this version"
            )


def _codes_of(field: Field) -> dict[Any, float] | None:
    if not field.has_text_categories:
        return None
    words = {word: float(code) for code, word in enumerate(field.categories)}
    return {**words, "": math.nan, None: math.nan}


def _number(value: Any) -> float:  # noqa: ANN401 # any kind of value
    return math.nan if value is None else value


def _expit(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))
