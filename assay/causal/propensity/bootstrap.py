"""Bootstrap of propensity effects by counts of cells instead of copies of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from assay.causal.propensity.cells import Cells, Counts, count_draw, group_cells
from assay.causal.propensity.neighbours import SAME_SCORE
from assay.causal.rows import Floats, Observations, Positions
from assay.errors import DataError


@dataclass(frozen=True, slots=True)
class Resamples:
    """Effects in resamples of the rows.

    Attributes
    ----------
    names : tuple of str
        Statistics, one a column.
    values : ndarray of shape (n_resamples, n_statistics)
        Their values in each resample.
    """

    names: tuple[str, ...]
    values: Floats

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Return the percentile interval of a statistic."""
        tail = 50 * (1 - level)
        low, high = np.percentile(self._column(name), [tail, 100 - tail])
        return float(low), float(high)

    def standard_error(self, name: str) -> float:
        """Return the standard deviation of a statistic over the resamples."""
        return float(self._column(name).std(ddof=1))

    def _column(self, name: str) -> Floats:
        return np.asarray(self.values[:, self.names.index(name)])


def resampled_effects(
    observations: Observations,
    *,
    statistics: Iterable[str] = ("ate", "att"),
    penalty: float = 0.0,
    n_resamples: int = 500,
    seed: int = 0,
    first: int = 0,
    draws: Iterable[Positions] | None = None,
) -> Resamples:
    """Return effects in bootstrap resamples, the propensity estimated anew in each.

    Parameters
    ----------
    observations : Observations
    statistics : iterable of str
        Out of ``"ate"``, ``"att"``, ``"atc"`` and ``"ato"`` (weighted means),
        ``"matched_att"`` (nearest neighbour, ties averaged) and ``"aipw_ate"``
        (weighting and linear outcome models, not cross-fitted).
    penalty : float, default=0
        Of the logistic regression.
    n_resamples : int, default=500
    seed : int, default=0
        Resample i draws from stream i of this seed, whoever computes it.
    first : int, default=0
        Number of the first resample: blocks computed apart join to the same values.
    draws : iterable of ndarray of shape (n_rows,), optional
        Row positions in the caller's frame to use instead of own draws.

    Returns
    -------
    Resamples

    Raises
    ------
    DataError
        If a resample's regression has no optimum.
    ValueError
        If a statistic is unknown.

    Notes
    -----
    Rows with equal covariates are one cell. A resample is two counts and two sums a
    cell; its regression starts from the sample's optimum, and its nearest neighbours
    come from one pass over cells that are almost in order already.
    """
    names = tuple(statistics)
    unknown = [name for name in names if name not in STATISTICS]
    if unknown or not names:
        raise ValueError(
            f"statistics must be among {list(STATISTICS)}, got {list(names)}"
        )
    cells = group_cells(observations, penalty=penalty)
    slots, outcome = cells.slots, cells.outcome
    if draws is None:
        draws = _own_draws(outcome.size, n_resamples, seed, first)
    else:
        back = np.empty(outcome.size, dtype=np.intp)
        back[observations.order] = np.arange(outcome.size)
        slots, outcome = slots[back], outcome[back]
    values = []
    for number, draw in enumerate(draws, start=first):
        counts = count_draw(cells, slots[draw], outcome[draw])
        if counts is None:
            raise DataError(
                f"in resample {number} the covariates separate treated from untreated "
                "rows; set a penalty, drop the covariate that nearly decides treatment, "
                "or use the standard error without a bootstrap"
            )
        values.append([STATISTICS[name](cells, counts) for name in names])
    return Resamples(names, np.array(values, dtype=np.float64))


def _own_draws(
    n_rows: int, n_resamples: int, seed: int, first: int
) -> Iterable[Positions]:
    for number in range(first, first + n_resamples):
        stream = np.random.SeedSequence(seed, spawn_key=(number,))
        yield np.random.default_rng(stream).integers(0, n_rows, size=n_rows)


def _ate(_: Cells, counts: Counts) -> float:
    odds, (n_0, n_1), (s_0, s_1) = counts.odds, counts.rows, counts.sums
    upper, lower = 1 + 1 / odds, 1 + odds
    return float(upper @ s_1 / (upper @ n_1) - lower @ s_0 / (lower @ n_0))


def _att(_: Cells, counts: Counts) -> float:
    odds, (n_0, n_1), (s_0, s_1) = counts.odds, counts.rows, counts.sums
    return float(s_1.sum() / n_1.sum() - odds @ s_0 / (odds @ n_0))


def _atc(_: Cells, counts: Counts) -> float:
    odds, (n_0, n_1), (s_0, s_1) = counts.odds, counts.rows, counts.sums
    against = 1 / odds
    return float(against @ s_1 / (against @ n_1) - s_0.sum() / n_0.sum())


def _ato(_: Cells, counts: Counts) -> float:
    (n_0, n_1), (s_0, s_1) = counts.rows, counts.sums
    p = counts.odds / (1 + counts.odds)
    q = 1 - p
    return float(q @ s_1 / (q @ n_1) - p @ s_0 / (p @ n_0))


def _aipw_ate(cells: Cells, counts: Counts) -> float:
    x = cells.columns
    predicted = []
    for n, s in zip(counts.rows, counts.sums, strict=True):
        predicted.append(np.linalg.solve((x * n) @ x.T, x @ s) @ x)
    m_0, m_1 = predicted
    (n_0, n_1), (s_0, s_1) = counts.rows, counts.sums
    corrected = (s_1 - n_1 * m_1) @ (1 + 1 / counts.odds)
    corrected -= (s_0 - n_0 * m_0) @ (1 + counts.odds)
    total = n_0 + n_1
    return float((total @ (m_1 - m_0) + corrected) / total.sum())


def _matched_att(_: Cells, counts: Counts) -> float:
    present = np.flatnonzero(counts.rows.any(axis=0))
    odds = counts.odds[present]
    # Almost sorted already, which is when a stable sort is fastest.
    order = np.argsort(odds, kind="stable")
    here = present[order]
    p = odds[order]
    p = p / (1 + p)
    n_0, n_1, s_0 = counts.rows[0][here], counts.rows[1][here], counts.sums[0][here]
    starts = np.flatnonzero(np.append(True, np.diff(p) > SAME_SCORE))
    if starts.size < p.size:
        p = p[starts]
        n_0, n_1, s_0 = (np.add.reduceat(v, starts) for v in (n_0, n_1, s_0))
    gain = float(counts.sums[1].sum()) - _matched_sum(p, n_0, n_1, s_0)
    return gain / float(counts.rows[1].sum())


def _matched_sum(p: Floats, n_0: Floats, n_1: Floats, s_0: Floats) -> float:
    """Return the sum over treated rows of their matches' mean outcome."""
    has_match = n_0 > 0
    both = has_match & (n_1 > 0)
    total = float(n_1[both] @ (s_0[both] / n_0[both]))
    alone = np.flatnonzero(~has_match)
    pool = np.flatnonzero(has_match)
    after = np.cumsum(has_match)[alone]
    left = pool[np.maximum(after - 1, 0)]
    right = pool[np.minimum(after, pool.size - 1)]
    gap = np.abs(p[alone] - p[left]) - np.abs(p[right] - p[alone])
    use_left, use_right = gap <= SAME_SCORE, gap >= -SAME_SCORE
    use_right &= right != left
    use_left |= right == left
    n = use_left * n_0[left] + use_right * n_0[right]
    s = use_left * s_0[left] + use_right * s_0[right]
    return total + float(n_1[alone] @ (s / n))


STATISTICS: Mapping[str, Callable[[Cells, Counts], float]] = MappingProxyType(
    {
        "ate": _ate,
        "att": _att,
        "atc": _atc,
        "ato": _ato,
        "matched_att": _matched_att,
        "aipw_ate": _aipw_ate,
    }
)
