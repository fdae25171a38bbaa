"""The leaves of an ensemble, found again in its table of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from assay.reasons.trees import WIDTH, TreeTable

MOST = 15
"""Leaves a group: with 'none of them' they are what four bits name."""
_SAME = 1e-14  # values of one leaf differ by the rounding of their sums alone


class Leaf(NamedTuple):
    """A leaf, or several that lie together and say the same.

    Attributes
    ----------
    conditions : mapping of (int, float) to bool
        By comparison, its column and threshold as in `TreeTable`: how it has to come out.
    value : float
        Log-odds of a row in the leaf, above those of a row in none of its group.
    """

    conditions: Mapping[tuple[int, float], bool]
    value: float


def leaf_groups(table: TreeTable) -> tuple[list[list[Leaf]], float]:
    """Return leaves of which a row is in at most one a group, and what all rows have.

    Parameters
    ----------
    table : TreeTable
        The ensemble.

    Returns
    -------
    groups : list of list of Leaf
        At most `MOST` leaves each; a tree of depth 4 is one group.
    base : float
        Log-odds of a row that is in none of the leaves.

    Notes
    -----
    A block is a decision tree over its comparisons, and its values are constant on each
    leaf. Of every block one leaf, the one with the fewest conditions, is taken as what
    'none of them' means; neighbouring blocks of one tree, whose leaves exclude each
    other, become one group.
    """
    groups: list[list[Leaf]] = []
    base = table.expected
    for found in _blocks(table):
        usual, *others = sorted(found, key=lambda leaf: len(leaf.conditions))
        base += usual.value
        own = [Leaf(leaf.conditions, leaf.value - usual.value) for leaf in others]
        if groups and _go_together(groups[-1], own):
            groups[-1] += own
        else:
            groups.append(own)
    for number, group in enumerate(groups):
        if len(group) > MOST:  # one of them holds, so the first is 'none of the others'
            (first, *others) = group
            base += first.value
            groups[number] = [Leaf(c, value - first.value) for c, value in others]
    return [group for group in groups if group], base


def _blocks(table: TreeTable) -> Iterator[list[Leaf]]:
    totals = table.values.sum(axis=1)
    columns = table.columns.reshape(-1, WIDTH).tolist()
    thresholds = table.thresholds.reshape(-1, WIDTH).tolist()
    starts = [*table.starts.tolist(), len(totals)]
    for block, (start, end) in enumerate(pairwise(starts)):
        names = list(zip(columns[block], thresholds[block], strict=True))
        n_bits = (end - start).bit_length() - 1
        yield list(_leaves(totals[start:end].tolist(), names[:n_bits], {}))


def _leaves(
    values: list[float],
    names: list[tuple[int, float]],
    met: dict[tuple[int, float], bool],
) -> Iterator[Leaf]:
    """Return the leaves of what is left of a block: 2**n values of n comparisons.

    The first comparison that changes anything is where the tree divides.
    """
    if max(values) - min(values) < _SAME:  # lists: quicker than arrays at this size
        yield Leaf(met, values[0])
        return
    for bit in range(len(names)):
        halves = _halves(values, bit)
        if any(abs(a - b) >= _SAME for a, b in zip(*halves, strict=True)):
            break
    others = [*names[:bit], *names[bit + 1 :]]
    for comes_out, half in zip((False, True), halves, strict=True):
        yield from _leaves(half, others, {**met, names[bit]: comes_out})


def _halves(values: list[float], bit: int) -> tuple[list[float], list[float]]:
    if not bit:
        return values[0::2], values[1::2]
    step = 1 << bit
    starts = range(0, len(values), 2 * step)
    return (
        [value for start in starts for value in values[start : start + step]],
        [value for start in starts for value in values[start + step : start + 2 * step]],
    )


def _go_together(group: list[Leaf], others: list[Leaf]) -> bool:
    """Say whether a row is in at most one leaf of both, and four bits name it."""
    n_leaves = len(group) + len(others)
    if n_leaves > MOST + 1:
        return False
    if not all(
        any(
            other.conditions.get(name, out) != out
            for name, out in leaf.conditions.items()
        )
        for leaf in group
        for other in others
    ):
        return False
    # Leaves that exclude each other and fill everything: each row is in one of them.
    shares = [2.0 ** -len(leaf.conditions) for leaf in (*group, *others)]
    return n_leaves <= MOST or sum(shares) == 1.0
