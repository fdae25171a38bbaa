"""Wild cluster bootstrap: tests and intervals for few clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption
from assay.causal.differences.cells import Cells, squeeze
from assay.causal.differences.cluster_algebra import cluster_design, grouped
from assay.causal.differences.clusters import path_assumption, refuse_no_rest
from assay.causal.estimate import Estimate
from assay.causal.panel import Floats, numeric, present
from assay.errors import DataError

Law: TypeAlias = Literal["auto", "rademacher", "webb"]

RADEMACHER = np.array([-1.0, 1.0])
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
WEBB_BELOW = 12
BATCH_DRAWS = 1_000
TIE = 1e-10
BISECTIONS = 60
DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """Result of :func:`wild_bootstrap`.

    Attributes
    ----------
    estimate : Estimate
        Least squares coefficient; p value and interval from the bootstrap, the latter
        infinite where no value can be rejected.
    diagnostics : mapping of str to float
        Clusters, draws, whether all sign patterns were enumerated.
    assumptions : tuple of Assumption
        Number of clusters.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]


@dataclass(frozen=True, slots=True)
class _Draws:
    """Numerators and squared errors of all draws, polynomials in the null value."""

    numerator: tuple[Floats, Floats]
    square: tuple[Floats, Floats, Floats]

    def ratios(self, null: float) -> Floats:
        """Return the squared t ratio of every draw when the null value is `null`."""
        top = (self.numerator[0] - null * self.numerator[1]) ** 2
        a, b, c = self.square
        bottom = np.maximum(a - 2 * null * b + null**2 * c, 0.0)
        zero = bottom <= TIE * np.maximum(a + null**2 * c, np.finfo(float).tiny)
        return np.where(
            zero, np.where(top > 0, np.inf, 0.0), top / np.where(zero, 1, bottom)
        )


@dataclass(frozen=True, slots=True)
class _Test:
    """The bootstrap test of every null value."""

    value: float
    error: float
    draws: _Draws
    enumerated: bool

    def p_value(self, null: float) -> float:
        observed = ((self.value - null) / self.error) ** 2
        ratios = self.draws.ratios(null)
        extreme = int(np.count_nonzero(ratios >= observed * (1 - TIE)))
        if self.enumerated:
            return extreme / ratios.size
        return (extreme + 1) / (ratios.size + 1)

    def interval(self, alpha: float) -> tuple[float, float]:
        lower = _end(self.p_value, self.value, -self.error, alpha)
        return lower, _end(self.p_value, self.value, self.error, alpha)


def wild_bootstrap(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    cluster: str,
    absorbed: Sequence[str] = (),
    controls: Sequence[str] = (),
    n_draws: int = 9_999,
    law: Law = "auto",
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> WildBootstrap:
    """Test one coefficient by re-signing whole clusters under the null.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome, treatment : str
        Numeric columns; in a two by two the product of group and time, both controls.
    cluster : str
        Column of the clusters.
    absorbed : sequence of str
        At most two sets of fixed effects.
    controls : sequence of str
        Numeric columns.
    n_draws : int, default=9999
        Draws; where there are no more sign patterns than that, all are enumerated.
    law : {"auto", "rademacher", "webb"}, default="auto"
        Two or six points; automatic takes six below 12 clusters.
    seed : int
        Batch b of 1,000 draws takes stream b of the seed.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If there are fewer than two clusters, or the treatment does not vary within
        the controls.

    Notes
    -----
    WCR of [1]_: the null is imposed, errors are CRV1. The t ratio of each draw is a
    ratio of polynomials in the null value, whose coefficients come from one matrix
    product; the interval, all values not rejected, then costs nothing more.
    Drawn p values count the sample itself, so they are never zero.

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach and D. L. Miller, "Bootstrap-Based
       Improvements for Inference with Clustered Errors", Review of Economics and
       Statistics 90 (2008).
    .. [2] J. G. MacKinnon and M. D. Webb, "The wild bootstrap for few (treated)
       clusters", Econometrics Journal 21 (2018).
    """
    factors = [*absorbed, *([] if cluster in absorbed else [cluster])]
    cells = _numeric_cells(frame, outcome, [treatment, *controls], factors)
    n_clusters = _enough_clusters(cells, cluster)
    points, enumerated = _points(law, n_clusters, n_draws)
    patterns = _patterns(points, enumerated, n_clusters, n_draws, seed)
    test = _Test(*_bootstrap(cells, cluster, absorbed, patterns), enumerated)
    refuse_no_rest(test.error)
    name = "webb" if points.size == WEBB.size else "rademacher"
    estimate = Estimate(
        estimand="att",
        value=test.value,
        standard_error=test.error,
        interval=test.interval(1 - level),
        level=level,
        p_value=test.p_value(0.0),
        n=cells.n_rows,
        unit=unit,
        method=f"wild cluster bootstrap, {name} weights, null imposed",
    )
    diagnostics = {
        "n_clusters": float(n_clusters),
        "n_draws": float(test.draws.numerator[0].size),
        "enumerated": float(enumerated),
    }
    enough = path_assumption(cells, treatment, cells.factors[cluster])
    return WildBootstrap(estimate, diagnostics, (enough,))


def _numeric_cells(
    frame: pd.DataFrame, outcome: str, names: Sequence[str], factors: Sequence[str]
) -> Cells:
    present(frame, names, varies=outcome)
    columns = {name: numeric(frame, name) for name in names}
    return squeeze(frame, outcome, columns=columns, factors=factors)


def _enough_clusters(cells: Cells, cluster: str) -> int:
    n_clusters = int(cells.factors[cluster].max()) + 1
    if n_clusters < 2:
        raise DataError(
            f"column {cluster!r} has {n_clusters} cluster; re-signing needs at least 2"
        )
    return n_clusters


def _bootstrap(
    cells: Cells, cluster: str, absorbed: Sequence[str], patterns: Iterator[Floats]
) -> tuple[float, float, _Draws]:
    groups = cells.factors[cluster]
    given = np.column_stack(list(cells.columns.values()))
    if not absorbed:
        given = np.column_stack([given, np.ones(groups.size)])
    design, y = cluster_design(cells, given, absorbed, groups)
    root = np.sqrt(cells.counts)
    others = design[:, 1:] * root[:, None]
    given = np.column_stack([design[:, 0], y]) * root[:, None]
    # What the other regressors leave of the treatment and of the outcome.
    rest = given - others @ np.linalg.lstsq(others, given, rcond=1e-12)[0]
    left, outcome = rest[:, 0], rest[:, 1]
    size = float(left @ left)
    if size <= 1e-18 * float(given[:, 0] @ given[:, 0]):
        raise DataError(
            "the treatment does not vary within the controls and fixed effects; drop some"
        )
    value = float(left @ outcome / size)
    weighted = design * root[:, None]
    inverse = np.linalg.pinv(weighted.T @ weighted, rcond=1e-12, hermitian=True)
    residual = outcome - value * left
    scores = grouped((left * residual)[:, None], groups)[:, 0] / size
    n_clusters, n, k = scores.size, cells.n_rows, np.linalg.matrix_rank(weighted)
    factor = n_clusters / (n_clusters - 1) * (n - 1) / (n - k)
    error = float(np.sqrt(factor * scores @ scores))
    # Per cluster: its pull on all coefficients for outcome and treatment residuals.
    pulls = [
        grouped(weighted * part[:, None], groups) @ inverse for part in (outcome, left)
    ]
    cross = grouped(weighted * left[:, None], groups) / size
    parts = [
        grouped((left * part)[:, None], groups)[:, 0] / size for part in (outcome, left)
    ]
    stacked = [_polynomials(signs, pulls, cross, parts, factor) for signs in patterns]
    table = np.concatenate(stacked, axis=1)
    return value, error, _Draws((table[0], table[1]), (table[2], table[3], table[4]))


def _polynomials(
    signs: Floats,
    pulls: Sequence[Floats],
    cross: Floats,
    parts: Sequence[Floats],
    factor: float,
) -> Floats:
    numerators = [signs @ part for part in parts]
    scores = [
        signs * part - (signs @ pull) @ cross.T
        for part, pull in zip(parts, pulls, strict=True)
    ]
    squares = [
        factor * np.einsum("ij,ij->i", scores[a], scores[b])
        for a, b in ((0, 0), (0, 1), (1, 1))
    ]
    return np.stack([*numerators, *squares])


def _points(law: Law, n_clusters: int, n_draws: int) -> tuple[Floats, bool]:
    if law not in ("auto", "rademacher", "webb"):
        raise ValueError(f"law must be auto, rademacher or webb, got {law!r}")
    six = law == "webb" or (law == "auto" and n_clusters < WEBB_BELOW)
    points = WEBB if six else RADEMACHER
    return points, points.size**n_clusters <= n_draws


def _patterns(
    points: Floats, enumerated: bool, n_clusters: int, n_draws: int, seed: int
) -> Iterator[Floats]:
    if enumerated:
        codes = np.arange(points.size**n_clusters)
        digits = codes[:, None] // points.size ** np.arange(n_clusters) % points.size
        yield points[digits]
        return
    n_batches = -(-n_draws // BATCH_DRAWS)
    streams = np.random.SeedSequence(seed).spawn(n_batches)
    for batch, stream in enumerate(streams):
        size = min(BATCH_DRAWS, n_draws - batch * BATCH_DRAWS)
        rng = np.random.default_rng(stream)
        picks: NDArray[np.int8] = rng.integers(
            0, points.size, size=(BATCH_DRAWS, n_clusters), dtype=np.int8
        )
        yield points[picks[:size]]


def _end(
    p_value: Callable[[float], float], value: float, step: float, alpha: float
) -> float:
    """Return where the p value falls to alpha, going from `value` in steps."""
    inside, outside = value, value + 2 * step
    for _ in range(DOUBLINGS):
        if p_value(outside) <= alpha:
            break
        inside, outside = outside, value + 2 * (outside - value)
    else:
        return float(np.copysign(np.inf, step))
    for _ in range(BISECTIONS):
        middle = (inside + outside) / 2
        if p_value(middle) > alpha:
            inside = middle
        else:
            outside = middle
    return inside
