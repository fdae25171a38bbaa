"""Greedy matching without replacement on sorted scores, in near-linear time."""

from __future__ import annotations

import numpy as np

from assay.causal.rows import Floats, Positions


def greedy_picks(
    targets: Floats,
    pool: Floats,
    sizes: Positions,
    n_neighbours: int,
    limit: float,
) -> tuple[list[dict[int, int]], float]:
    """Return which groups of equal scores each target takes its matches from.

    Parameters
    ----------
    targets : ndarray of shape (n_targets,)
        Scores, in the order in which they choose.
    pool : ndarray of shape (n_groups,)
        Distinct scores to choose from, increasing.
    sizes : ndarray of shape (n_groups,), int
        Rows in each group; each can be taken once.
    n_neighbours : int
        Matches a target may take; fewer where no group is left inside the limit.
    limit : float
        Largest distance of a match.

    Returns
    -------
    picks : list of dict
        For each target, rows taken by group; empty where it found none.
    farthest : float
        Largest distance of a match taken.

    Examples
    --------
    >>> pool, sizes = np.array([0.25, 0.75]), np.array([3, 1])
    >>> greedy_picks(np.array([1.0, 0.5]), pool, sizes, 1, 1.0)
    ([{1: 1}, {0: 1}], 0.25)
    """
    left = sizes.tolist()
    scores = pool.tolist()
    # below[i] leads to the nearest group under i with rows left, as its index plus one
    # (0 for none); above[i] leads to the nearest at or over i (n_groups for none).
    below, above = list(range(pool.size + 1)), list(range(pool.size + 1))
    places = np.searchsorted(pool, targets).tolist()
    picks: list[dict[int, int]] = []
    farthest = 0.0
    for target, place in zip(targets.tolist(), places, strict=True):
        mine: dict[int, int] = {}
        for _ in range(n_neighbours):
            under, over = _follow(below, place) - 1, _follow(above, place)
            gap_under = target - scores[under] if under >= 0 else np.inf
            gap_over = scores[over] - target if over < len(scores) else np.inf
            gap, group = min((gap_under, under), (gap_over, over))
            if gap > limit or gap == np.inf:
                break
            mine[group] = mine.get(group, 0) + 1
            farthest = max(farthest, gap)
            left[group] -= 1
            if not left[group]:
                below[group + 1], above[group] = group, group + 1
        picks.append(mine)
    return picks, farthest


def _follow(links: list[int], place: int) -> int:
    root = place
    while links[root] != root:
        root = links[root]
    while links[place] != root:
        links[place], place = root, links[place]
    return root
