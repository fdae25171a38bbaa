"""Best-first search for the cheapest row that flips, over boxes of candidates.

Popped in order of the least that any row in a box can cost, the first box whose cheapest
row flips holds the nearest change: no box left can hold a cheaper one.

References
----------
Land, Doig, "An Automatic Method of Solving Discrete Programming Problems", 1960 (branch
and bound); Parmentier, Vidal, "Optimal Counterfactual Explanations in Tree Ensembles",
2021 (the problem, solved there by integer programming).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.reasons.bounds import EnsembleBounds
from assay.reasons.candidates import Candidates

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = tuple[int, ...]
Box: TypeAlias = tuple[Places, Places]


@dataclass(frozen=True, slots=True)
class Nearest:
    """What a search found.

    Attributes
    ----------
    values : ndarray of shape (n_features,) or None
        The cheapest row known to flip; None where there is none.
    cost : float
        Its cost; infinite where there is none.
    least_cost : float
        No row that flips costs less; infinite if it is proven that none flips.
    n_boxes : int
        Boxes that were looked at.
    """

    values: Floats | None
    cost: float
    least_cost: float
    n_boxes: int


class BoxSearch:
    """One search.

    Parameters
    ----------
    bounds : EnsembleBounds
        Of the ensemble.
    candidates : sequence of Candidates
        One a feature.
    target : float
        Log-odds below which a row flips.
    most_changes : int
        Most features that may differ from the row's own.
    """

    def __init__(
        self,
        bounds: EnsembleBounds,
        candidates: Sequence[Candidates],
        target: float,
        most_changes: int,
    ) -> None:
        self._bounds, self._candidates = bounds, candidates
        self._target, self._most = target, most_changes
        self._own: Places = tuple(each.own for each in candidates)
        self._best: Places | None = None
        self._best_cost = math.inf

    def run(self, most_boxes: int) -> Nearest:
        """Return the nearest row that flips, or what is known after so many boxes."""
        self._first_guess()
        ends = tuple(len(each.values) - 1 for each in self._candidates)
        counter = itertools.count()
        waiting: list[tuple[float, int, Box]] = []
        root: Box = (tuple(0 for _ in ends), ends)
        if self._can_flip([root])[0]:
            waiting = [(0.0, next(counter), root)]
        n_boxes = 1
        while waiting and n_boxes < most_boxes:
            cost, _, box = heapq.heappop(waiting)
            if cost >= self._best_cost:
                return self._found(self._best_cost, n_boxes)
            point = self._cheapest(box)
            if self._flips([point])[0]:
                self._best, self._best_cost = point, cost
                return self._found(cost, n_boxes)
            children = self._children(box, point)
            n_boxes += len(children)
            keep = self._can_flip(children) if children else []
            for child, may in zip(children, keep, strict=True):
                least = self._cost(self._cheapest(child))
                if may and least < self._best_cost:
                    heapq.heappush(waiting, (least, next(counter), child))
        least_left = waiting[0][0] if waiting else math.inf
        return self._found(min(least_left, self._best_cost), n_boxes)

    def _found(self, least_cost: float, n_boxes: int) -> Nearest:
        values = None if self._best is None else self._values([self._best])[0]
        return Nearest(values, self._best_cost, least_cost, n_boxes)

    def _children(self, box: Box, point: Places) -> list[Box]:
        """Split on the feature that matters most: at its cheapest value, and beside."""
        low, high = box
        free = [j for j in range(len(low)) if low[j] < high[j]]
        if not free:
            return []
        fixed = [self._with(box, j, point[j], point[j]) for j in free]
        chosen = free[int(np.argmax(self._lowest(fixed)))]
        at, parts = point[chosen], [(point[chosen], point[chosen])]
        for first, last in ((low[chosen], at - 1), (at + 1, high[chosen])):
            if first <= last:
                middle = (first + last) // 2
                parts += [(first, middle), (middle + 1, last)]
        return [
            self._at_most_changes(self._with(box, chosen, first, last))
            for first, last in parts
            if first <= last
        ]

    def _at_most_changes(self, box: Box) -> Box:
        """Fix what is free where no further change is allowed."""
        low, high = box
        changed = [
            not first <= own <= last
            for first, own, last in zip(low, self._own, high, strict=True)
        ]
        if sum(changed) < self._most:
            return box
        kept = [
            (first, last) if is_changed else (own, own)
            for first, own, last, is_changed in zip(
                low, self._own, high, changed, strict=True
            )
        ]
        return tuple(a for a, _ in kept), tuple(b for _, b in kept)

    def _cheapest(self, box: Box) -> Places:
        return tuple(
            first
            if first == last
            else own
            if first <= own <= last
            else first + int(np.argmin(each.costs[first : last + 1]))
            for each, first, last, own in zip(
                self._candidates, *box, self._own, strict=True
            )
        )

    def _cost(self, point: Places) -> float:
        return float(
            sum(
                each.costs[place]
                for each, place in zip(self._candidates, point, strict=True)
            )
        )

    def _first_guess(self) -> None:
        """Find some row that flips, greedily: what it costs bounds the search."""
        point = self._own
        for _ in range(self._most):
            moves = [
                (*point[:j], place, *point[j + 1 :])
                for j, each in enumerate(self._candidates)
                if point[j] == self._own[j]
                for place in range(len(each.values))
                if place != point[j]
            ]
            if not moves:
                return
            log_odds = self._lowest([(move, move) for move in moves])
            costs = np.array([self._cost(move) for move in moves])
            flips = log_odds < self._target
            if flips.any():
                best = int(np.argmin(np.where(flips, costs, np.inf)))
                self._best, self._best_cost = moves[best], float(costs[best])
                return
            point = moves[int(np.argmin(log_odds))]

    def _with(self, box: Box, feature: int, first: int, last: int) -> Box:
        low, high = box
        return (
            (*low[:feature], first, *low[feature + 1 :]),
            (*high[:feature], last, *high[feature + 1 :]),
        )

    def _values(self, points: Sequence[Places]) -> Floats:
        return np.array(
            [
                [
                    each.values[place]
                    for each, place in zip(self._candidates, point, strict=True)
                ]
                for point in points
            ]
        )

    def _lowest(self, boxes: Sequence[Box]) -> Floats:
        low = self._values([box[0] for box in boxes])
        high = self._values([box[1] for box in boxes])
        return self._bounds.lowest(low, high)

    def _can_flip(self, boxes: Sequence[Box]) -> list[bool]:
        flags: list[bool] = (self._lowest(boxes) < self._target).tolist()
        return flags

    def _flips(self, points: Sequence[Places]) -> list[bool]:
        return self._can_flip([(point, point) for point in points])
