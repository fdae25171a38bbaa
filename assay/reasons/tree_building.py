"""Make the table of a tree ensemble's Shapley values, once, at training."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import DataError
from assay.reasons.trees import WIDTH, TreeTable

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_PATTERNS = np.arange(2**WIDTH)


class FlatTrees(Protocol):
    """The nodes of all trees, as `assay.models.trees.Trees` holds them."""

    @property
    def roots(self) -> Ints: ...  # noqa: D102 # described there
    @property
    def feature(self) -> Ints: ...  # noqa: D102 # described there
    @property
    def threshold(self) -> Floats: ...  # noqa: D102 # described there
    @property
    def left(self) -> Ints: ...  # noqa: D102 # described there
    @property
    def right(self) -> Ints: ...  # noqa: D102 # described there
    @property
    def missing_goes_left(self) -> Flags: ...  # noqa: D102 # described there
    @property
    def is_leaf(self) -> Flags: ...  # noqa: D102 # described there
    @property
    def value(self) -> Floats: ...  # noqa: D102 # described there
    @property
    def n_samples(self) -> Ints: ...  # noqa: D102 # described there
    @property
    def baseline(self) -> float: ...  # noqa: D102 # described there


@dataclass(frozen=True, slots=True)
class _Step:
    """One comparison on the way to a leaf."""

    node: int
    goes_left: bool
    share: float  # of the training rows at the node that go this way


@dataclass(frozen=True, slots=True)
class _Block:
    """A subtree, the way to it, and its comparisons in the order of their bits."""

    root: int
    way: tuple[_Step, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf of a block: per feature on its path, what its bits must be."""

    block: int
    value: float
    features: tuple[int, ...]
    shares: tuple[float, ...]
    masks: tuple[int, ...]
    wanted: tuple[int, ...]


def tree_table(
    trees: FlatTrees, n_features: int, slope: float = 1.0, intercept: float = 0.0
) -> TreeTable:
    """Return the table from which each row's exact Shapley values are looked up.

    Parameters
    ----------
    trees : FlatTrees
        The ensemble, with the training rows that reached each node.
    n_features : int
        Columns of the design matrix.
    slope, intercept : float
        Calibration of the log-odds.

    Raises
    ------
    DataError
        If a tree is deeper than 8: a pattern of comparisons would not fit a byte.

    Notes
    -----
    The game is the path-dependent one: a feature outside the coalition sends a row both
    ways, in the shares in which training rows went. For one leaf of value v it is the
    product over the path's features of 1 or 0 (inside: whether the row satisfies the
    leaf's conditions on it) or of the share (outside), so the values depend on the row
    only by the pattern of satisfied features. Values of leaves below a block add up.

    References
    ----------
    S. Lundberg, G. Erion, S.-I. Lee, "Consistent individualized feature attribution for
    tree ensembles", 2018; J. Yang, "Fast TreeSHAP: accelerating SHAP value computation
    for trees", 2021 (values for every pattern of a leaf).
    """
    blocks = [
        block for root in trees.roots.tolist() for block in _blocks(trees, root, ())
    ]
    leaves = [
        leaf
        for number, block in enumerate(blocks)
        for leaf in _leaves(trees, block, number, block.root, block.way)
    ]
    expected = trees.baseline + sum(
        leaf.value * math.prod(leaf.shares) for leaf in leaves
    )
    slots = _slots(leaves, len(blocks))
    values = np.zeros((len(blocks), 2**WIDTH, max(map(len, slots), default=0) or 1))
    for leaf, found in zip(leaves, _values_of_leaves(leaves), strict=True):
        is_met = [
            (_PATTERNS & mask) == wanted
            for mask, wanted in zip(leaf.masks, leaf.wanted, strict=True)
        ]
        pattern = sum((met << bit for bit, met in enumerate(is_met)), start=_PATTERNS * 0)
        places = [slots[leaf.block][feature] for feature in leaf.features]
        values[leaf.block][:, places] += found[pattern]
    expected = slope * expected + intercept
    return _joined(trees, blocks, slots, values * slope, expected, n_features)


def _blocks(trees: FlatTrees, node: int, way: tuple[_Step, ...]) -> Iterator[_Block]:
    nodes = tuple(step.node for step in way) + tuple(_inner_nodes(trees, node))
    if len(nodes) <= WIDTH:
        yield _Block(node, way, nodes)
        return
    if trees.is_leaf[node]:
        raise DataError(
            f"a leaf lies {len(nodes)} comparisons deep; exact reasons are made for at "
            f"most {WIDTH}: fit with max_depth = {WIDTH} or less"
        )
    for child, step in _branches(trees, node):
        yield from _blocks(trees, child, (*way, step))


def _inner_nodes(trees: FlatTrees, node: int) -> Iterator[int]:
    if not trees.is_leaf[node]:
        yield node
        yield from _inner_nodes(trees, int(trees.left[node]))
        yield from _inner_nodes(trees, int(trees.right[node]))


def _branches(trees: FlatTrees, node: int) -> Iterator[tuple[int, _Step]]:
    for children, goes_left in ((trees.left, True), (trees.right, False)):
        child = int(children[node])
        share = float(trees.n_samples[child] / trees.n_samples[node])
        yield child, _Step(node, goes_left, share)


def _leaves(
    trees: FlatTrees, block: _Block, number: int, node: int, path: tuple[_Step, ...]
) -> Iterator[_Leaf]:
    if not trees.is_leaf[node]:
        for child, step in _branches(trees, node):
            yield from _leaves(trees, block, number, child, (*path, step))
        return
    conditions: dict[int, tuple[float, int, int]] = {}
    for step in path:
        feature, bit = int(trees.feature[step.node]), 1 << block.nodes.index(step.node)
        share, mask, wanted = conditions.get(feature, (1.0, 0, 0))
        conditions[feature] = (
            share * step.share,
            mask | bit,
            wanted | (bit if step.goes_left else 0),
        )
    yield _Leaf(
        block=number,
        value=float(trees.value[node]),
        features=tuple(conditions),
        shares=tuple(share for share, _, _ in conditions.values()),
        masks=tuple(mask for _, mask, _ in conditions.values()),
        wanted=tuple(wanted for _, _, wanted in conditions.values()),
    )


def _slots(leaves: list[_Leaf], n_blocks: int) -> list[dict[int, int]]:
    """Return the slot of each feature of each block."""
    slots: list[dict[int, int]] = [{} for _ in range(n_blocks)]
    for leaf in leaves:
        for feature in leaf.features:
            slots[leaf.block].setdefault(feature, len(slots[leaf.block]))
    return slots


def _values_of_leaves(leaves: list[_Leaf]) -> list[Floats]:
    """Return, a leaf, an array of shape (2**n_path_features, n_path_features)."""
    found: list[Floats] = [np.zeros((1, 0))] * len(leaves)
    for size in range(1, WIDTH + 1):
        places = [i for i, leaf in enumerate(leaves) if len(leaf.features) == size]
        for start in range(0, len(places), 1_000):
            chosen = places[start : start + 1_000]
            shares = np.array([leaves[i].shares for i in chosen])
            values = np.array([leaves[i].value for i in chosen])
            for place, table in zip(chosen, leaf_values(shares, values), strict=True):
                found[place] = table
    return found


def leaf_values(shares: Floats, values: Floats) -> Floats:
    """Return the Shapley values of leaves for every pattern of satisfied features.

    Parameters
    ----------
    shares : ndarray of shape (n_leaves, d)
        Share of training rows that each path feature lets through, in (0, 1].
    values : ndarray of shape (n_leaves,)
        Log-odds of the leaves.

    Returns
    -------
    ndarray of shape (n_leaves, 2**d, d)
        Bit i of the pattern is 1 where the row satisfies path feature i.

    Examples
    --------
    One feature: the value moves from the mean, 0.25 of 2, to 0 or to 2.

    >>> leaf_values(np.array([[0.25]]), np.array([2.0]))[0, :, 0]
    array([-0.5,  1.5])
    """
    n_leaves, d = shares.shape
    is_met = (np.arange(2**d)[:, None] >> np.arange(d) & 1).astype(np.float64)
    weights = np.array(
        [
            math.factorial(k) * math.factorial(d - 1 - k) / math.factorial(d)
            for k in range(d)
        ]
    )
    found = np.empty((n_leaves, 2**d, d))
    for own in range(d):
        # Coefficient k: sum over coalitions of k others, of the products they leave.
        coalitions = np.zeros((n_leaves, 2**d, d))
        coalitions[..., 0] = 1.0
        for other in set(range(d)) - {own}:
            grown = coalitions * shares[:, None, None, other]
            grown[..., 1:] += coalitions[..., :-1] * is_met[None, :, None, other]
            coalitions = grown
        moved = is_met[None, :, own] - shares[:, None, own]
        found[..., own] = values[:, None] * moved * (coalitions @ weights)
    return found


def _joined(
    trees: FlatTrees,
    blocks: list[_Block],
    slots: list[dict[int, int]],
    values: Floats,
    expected: float,
    n_features: int,
) -> TreeTable:
    n_blocks, _, n_slots = values.shape
    columns = np.zeros((n_blocks, WIDTH), dtype=np.int64)
    thresholds = np.full((n_blocks, WIDTH), np.nan)
    features = np.zeros((n_blocks, n_slots), dtype=np.int64)
    sizes = np.array([2 ** len(block.nodes) for block in blocks], dtype=np.int64)
    for number, block in enumerate(blocks):
        nodes = np.array(block.nodes, dtype=np.int64)
        shift = np.where(trees.missing_goes_left[nodes], n_features, 0)
        columns[number, : len(nodes)] = trees.feature[nodes] + shift
        thresholds[number, : len(nodes)] = trees.threshold[nodes]
        features[number, : len(slots[number])] = list(slots[number])
    return TreeTable(
        columns=columns.ravel(),
        thresholds=thresholds.ravel(),
        features=features.ravel(),
        starts=np.r_[0, np.cumsum(sizes)[:-1]].astype(np.int64),
        values=np.concatenate(
            [table[:size] for table, size in zip(values, sizes, strict=True)]
        ),
        expected=expected,
        n_features=n_features,
    )
