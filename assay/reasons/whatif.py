"""What would have to be different: the nearest change that flips an adverse decision."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.contract import Contract, Field
from assay.errors import DataError
from assay.reasons.bounds import EnsembleBounds
from assay.reasons.candidates import candidates_of, movable_features
from assay.reasons.explainer import Explainer
from assay.reasons.search import BoxSearch, Nearest
from assay.reasons.trees import TreeTable

Floats: TypeAlias = NDArray[np.float64]
Value: TypeAlias = float | int | str | bool | None
Probabilities: TypeAlias = Callable[[Mapping[str, Any]], float]
Verdict: TypeAlias = Literal["flips", "cannot_flip", "not_found", "not_adverse"]

ROUNDING = 1e-9
"""Log-odds by which a change must clear the threshold, against sums in another order."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would be different."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer to a what-if question.

    Attributes
    ----------
    verdict : {"flips", "cannot_flip", "not_found", "not_adverse"}
        ``cannot_flip`` is proven: no allowed change of so many fields flips.
        ``not_found`` is not: the search ended before it knew.
    changes : tuple of Change
        What would be different; empty unless it flips.
    probability, probability_after : float
        Before, and after the changes, as the version itself scores them.
    distance : float
        Sum over the changed fields, see `Candidates.costs`.
    gap : float
        By how much a nearer change could be nearer at most; 0 means that there is none.
    n_boxes : int
        Boxes that the search looked at.
    """

    verdict: Verdict
    changes: tuple[Change, ...]
    probability: float
    probability_after: float
    distance: float
    gap: float
    n_boxes: int


class WhatIfSearch:
    """Answers what-if questions about one version.

    Parameters
    ----------
    explainer : Explainer
        Of the version.
    contract : Contract
        The version's.
    threshold : float
        Probability from which its decision is adverse, in (0, 1).
    probability : callable
        From a row of plain values to the version's own probability: every answer is
        scored with it before it is given.

    Raises
    ------
    DataError
        If the version is not a tree ensemble.
    """

    def __init__(
        self,
        explainer: Explainer,
        contract: Contract,
        threshold: float,
        probability: Probabilities,
    ) -> None:
        if not isinstance(explainer.table, TreeTable):
            raise DataError(
                "what-if questions are answered for tree ensembles; this version is "
                "linear or a network: move the fields of its reasons"
            )
        self._explainer, self._contract = explainer, contract
        self._threshold, self._probability = threshold, probability
        self._bounds = EnsembleBounds.of(explainer.table)

    def nearest_change(
        self,
        row: Mapping[str, Any],
        *,
        may_change: Collection[str] | None = None,
        most_changes: int = 3,
        most_boxes: int = 20_000,
    ) -> WhatIf:
        """Return the nearest change that flips the decision on a row.

        Parameters
        ----------
        row : mapping
            Plain values that the contract accepts.
        may_change : collection of str, optional
            Fields that may change; see `movable_features`.
        most_changes : int
            Most fields that may change, at least 1.
        most_boxes : int
            Where the search ends; the answer then says its gap.

        Raises
        ------
        DataError
            If a field to change is no feature, or the table and the version disagree
            about the change found.
        """
        before = self._probability(row)
        if before < self._threshold:
            return WhatIf("not_adverse", (), before, before, 0.0, 0.0, 0)
        movable = movable_features(self._contract, may_change)
        own = self._explainer.matrix([row])[0]
        features = self._contract.features
        candidates = [
            candidates_of(
                self._bounds, j, field, own[j], is_movable=field.name in movable
            )
            for j, field in enumerate(features)
        ]
        target = math.log(self._threshold / (1 - self._threshold)) - ROUNDING
        search = BoxSearch(self._bounds, candidates, target, most_changes)
        found = search.run(most_boxes)
        if found.values is None:
            is_proven = math.isinf(found.least_cost)
            verdict: Verdict = "cannot_flip" if is_proven else "not_found"
            return WhatIf(verdict, (), before, before, math.inf, 0.0, found.n_boxes)
        return self._answer(row, own, found, before)

    def _answer(
        self, row: Mapping[str, Any], own: Floats, found: Nearest, before: float
    ) -> WhatIf:
        assert found.values is not None  # noqa: S101 # the caller has looked
        changes = tuple(
            Change(field.name, row.get(field.name), _plain(field, found.values[j]))
            for j, field in enumerate(self._contract.features)
            if not (found.values[j] == own[j] or math.isnan(own[j]))
        )
        changed = {**row, **{each.field: each.after for each in changes}}
        after = self._probability(changed)
        if not after < self._threshold:
            raise DataError(
                f"the change found does not flip: the version gives {after:.6g}, the "
                f"threshold is {self._threshold:.6g}; its reasons are another model's"
            )
        gap = max(0.0, found.cost - found.least_cost)
        return WhatIf("flips", changes, before, after, found.cost, gap, found.n_boxes)


def _plain(field: Field, value: float) -> Value:
    """Return a value of the design matrix as a caller writes it."""
    if field.has_text_categories:
        return field.categories[int(value)]
    if field.dtype == "boolean":
        return bool(value)
    return int(value) if field.dtype in ("integer", "category") else float(value)
