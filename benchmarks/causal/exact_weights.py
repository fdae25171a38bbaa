"""Weights on the simplex in rational numbers: an oracle without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

Row = list[Fraction]


def exact_weights(
    columns: np.ndarray, target: np.ndarray, start: np.ndarray | None = None
) -> list[Fraction]:
    """Return the weights that fit `target` best, each an exact fraction.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n)
        Linearly independent where weights are positive. Taken as they are: every
        double is a fraction.
    target : ndarray of shape (n_rows,)
    start : ndarray of shape (n,) of bool, optional
        Where to begin looking; the answer does not depend on it.

    Notes
    -----
    The optimality conditions of a convex problem are sufficient, and are checked here in
    exact arithmetic: nothing is returned that is not the optimum.
    """
    table = [[Fraction(float(x)) for x in column] for column in columns.T]
    own = [Fraction(float(x)) for x in target]
    gram = [[_dot(a, b) for b in table] for a in table]
    linear = [_dot(a, own) for a in table]
    n = len(table)
    support = set(np.flatnonzero(start).tolist()) if start is not None else {0}
    weights = [Fraction(0)] * n
    for j in support:
        weights[j] = Fraction(1, len(support))
    for _ in range(100 * n):
        order = sorted(support)
        solved, price = _on_support(gram, linear, order)
        if min(solved) <= 0:
            weights, support = _stepped(weights, order, solved)
            continue
        weights = [Fraction(0)] * n
        for j, value in zip(order, solved, strict=True):
            weights[j] = value
        slopes = {
            j: _dot(gram[j], weights) - linear[j] + price
            for j in range(n)
            if j not in support
        }
        worst = min(slopes, key=slopes.__getitem__, default=None)
        if worst is None or slopes[worst] >= 0:
            return weights
        support.add(worst)
    raise ArithmeticError("the supports went round in a circle")


def exact_residual(columns: np.ndarray, target: np.ndarray, weights: np.ndarray) -> float:
    """Return the largest violation of the optimality conditions, computed exactly.

    Over the mean diagonal of the Gram matrix. Weights are brought to sum one first; what
    lies below 1e-9 counts as unused, as no generic solver gives a zero.
    """
    table = [[Fraction(float(x)) for x in column] for column in columns.T]
    kept = [Fraction(float(w)) if w > 1e-9 else Fraction(0) for w in weights]
    total = sum(kept, Fraction(0))
    kept = [w / total for w in kept]
    path = [_dot(row, kept) for row in zip(*table, strict=True)]
    gaps = [p - Fraction(float(x)) for p, x in zip(path, target, strict=True)]
    slopes = [_dot(column, gaps) for column in table]
    used = [s for s, w in zip(slopes, kept, strict=True) if w]
    price = sum(used, Fraction(0)) / len(used)
    broken = max(
        abs(s - price) if w else max(price - s, Fraction(0))
        for s, w in zip(slopes, kept, strict=True)
    )
    scale = sum((_dot(c, c) for c in table), Fraction(0)) / len(table)
    return float(broken / scale)


def exact_loss(
    columns: np.ndarray, target: np.ndarray, weights: Sequence[Fraction | float]
) -> Fraction:
    """Return the sum of squared errors of any weights, exactly."""
    kept = [
        Fraction(w) if isinstance(w, Fraction) else Fraction(float(w)) for w in weights
    ]
    found = Fraction(0)
    for row, own in zip(columns, target, strict=True):
        gap = _dot([Fraction(float(x)) for x in row], kept) - Fraction(float(own))
        found += gap * gap
    return found


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _on_support(
    gram: Sequence[Row], linear: Row, order: Sequence[int]
) -> tuple[Row, Fraction]:
    """Solve for the weights of a support, and the price of the sum, by elimination."""
    system = [[gram[i][j] for j in order] + [Fraction(1), linear[i]] for i in order]
    system.append([Fraction(1)] * len(order) + [Fraction(0), Fraction(1)])
    size = len(system)
    for place in range(size):
        pivot = next(row for row in range(place, size) if system[row][place])
        system[place], system[pivot] = system[pivot], system[place]
        head = system[place]
        for row in range(size):
            factor = system[row][place] / head[place]
            if row != place and factor:
                system[row] = [
                    a - factor * b for a, b in zip(system[row], head, strict=True)
                ]
    solved = [row[-1] / row[place] for place, row in enumerate(system)]
    return solved[:-1], solved[-1]


def _stepped(weights: Row, order: Sequence[int], solved: Row) -> tuple[Row, set[int]]:
    """Go towards the solution of a support until a weight reaches zero; drop it."""
    steps = {
        j: weights[j] / (weights[j] - value)
        for j, value in zip(order, solved, strict=True)
        if value <= 0 and weights[j] > value
    }
    share = min(steps.values(), default=Fraction(0))
    moved = [Fraction(0)] * len(weights)
    for j, value in zip(order, solved, strict=True):
        moved[j] = weights[j] + share * (value - weights[j])
    kept = {j for j in order if moved[j] > 0}
    return moved, kept
