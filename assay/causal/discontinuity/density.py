"""The jump of the running variable's density at the cutoff: a test of bunching."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TypeAlias

import numpy as np
from numpy.polynomial import hermite_e
from numpy.typing import ArrayLike, NDArray

from assay.causal.discontinuity.cells import Sample, Side, fold
from assay.causal.discontinuity.kernels import Kernel
from assay.causal.discontinuity.local import local_fit
from assay.causal.estimate import two_sided_p
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

# Rows and distinct values that every window keeps on each side, above the order.
_WINDOW_MINIMUM = 21
_MOMENTS = {"triangular": lambda k: 1 / ((k + 1) * (k + 2)),
            "uniform": lambda k: 0.5 / (k + 1),
            "epanechnikov": lambda k: 1.5 / ((k + 1) * (k + 3))}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityJump:
    """Test of manipulation: densities left and right of the cutoff.

    Attributes
    ----------
    left, right : float
        Density at the cutoff from either side, per unit of the running variable.
    standard_error : float
        Of ``right - left``, by the jackknife.
    statistic, p_value : float
        Of no jump, standard normal.
    bandwidths : tuple of two float
        Half-widths left and right.
    n_effective : tuple of two int
        Rows inside them.
    """

    left: float
    right: float
    standard_error: float
    statistic: float
    p_value: float
    bandwidths: tuple[float, float]
    n_effective: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Slope:
    density: float
    variance: float


def density_jump(
    running: ArrayLike,
    *,
    cutoff: float,
    order: int = 2,
    kernel: Kernel = "triangular",
    bandwidths: tuple[float, float] | None = None,
) -> DensityJump:
    """Test for a jump in the density of the running variable at the cutoff.

    The empirical distribution function is smoothed by a local polynomial on each side;
    its slope at the cutoff is the density. The bandwidth is optimal for `order`, the
    test uses one order more, so that the bias left is small next to the error.

    Parameters
    ----------
    running : array-like of shape (n_rows,)
        Running variable, of all rows, also those without an outcome.
    cutoff : float
        Where treatment switches.
    order : int, default=2
        Order that the bandwidth is chosen for.
    kernel : {"triangular", "uniform", "epanechnikov"}
    bandwidths : tuple of two float, optional
        Half-widths left and right, instead of the optimal ones.

    Raises
    ------
    DataError
        If a side has too few distinct values.

    References
    ----------
    Cattaneo, Jansson and Ma, "Simple Local Polynomial Density Estimators", Journal of
    the American Statistical Association, 2020; McCrary, "Manipulation of the Running
    Variable", Journal of Econometrics, 2008.
    """
    sample = fold(running, [], cutoff=cutoff)
    return sample_density_jump(sample, order=order, kernel=kernel, bandwidths=bandwidths)


def sample_density_jump(
    sample: Sample,
    *,
    order: int = 2,
    kernel: Kernel = "triangular",
    bandwidths: tuple[float, float] | None = None,
) -> DensityJump:
    """Do the same on rows already folded; see :func:`density_jump`."""
    left, right = _distribution(sample)
    for name, side in (("below", left), ("at or above", right)):
        if side.n_cells < order + 4:
            raise DataError(
                f"only {side.n_cells} distinct running values {name} the cutoff; the "
                f"density test needs {order + 4}: it cannot tell bunching here"
            )
    widths = bandwidths or _optimal_widths(left, right, order, kernel)
    slopes = [
        _slope(side, width, order + 1, kernel, sample.n_rows)
        for side, width in zip((left, right), widths, strict=True)
    ]
    error = float(np.sqrt(slopes[0].variance + slopes[1].variance))
    gap = slopes[1].density - slopes[0].density
    return DensityJump(
        left=slopes[0].density,
        right=slopes[1].density,
        standard_error=error,
        statistic=gap / error,
        p_value=two_sided_p(gap, error),
        bandwidths=(float(widths[0]), float(widths[1])),
        n_effective=(_rows_within(left, widths[0]), _rows_within(right, widths[1])),
    )


def _distribution(sample: Sample) -> tuple[Side, Side]:
    """Replace the columns by the empirical distribution function, ties at their last."""
    n_left, last = sample.left.n_rows, sample.n_rows - 1
    ranks = (
        n_left - sample.left.ends[:-1] - 1,
        n_left + sample.right.ends[1:] - 1,
    )
    left, right = (
        Side(side.offsets, side.counts, (rank / last)[:, None],
             np.broadcast_to(np.float64(0), (side.n_cells, 1, 1)), side.ends)
        for side, rank in zip((sample.left, sample.right), ranks, strict=True)
    )  # fmt: skip
    return left, right


def _slope(side: Side, width: float, order: int, kernel: Kernel, n_rows: int) -> _Slope:
    """Density at the cutoff and its jackknife variance.

    A row moves the distribution function of all rows above it by 1 / (n - 1): its
    influence is the sum of the slope's weights over them.
    """
    fit = local_fit(side, width, order, kernel)
    weights = fit.functional(1)
    counts = side.counts[: fit.n_cells]
    total = np.cumsum(counts * weights)
    is_left = side.offsets[0] < 0
    above = total - counts * weights if is_left else total[-1] - total
    influence = (above + (counts - 1) * weights) / (n_rows - 1)
    return _Slope(float(fit.derivative(1)[0]), float(np.sum(counts * influence**2)))


def _optimal_widths(
    left: Side, right: Side, order: int, kernel: Kernel
) -> tuple[float, float]:
    size = left.n_rows + right.n_rows
    curve_width, density_width = _pilot_widths(left, right, order)
    sides = (left, right)
    # Coefficient of order + 1 of the distribution function drives the bias.
    bends = [
        float(local_fit(side, curve_width, order + 2, kernel).derivative(order + 1)[0])
        for side in sides
    ]
    noise = [_slope(side, density_width, order, kernel, size).variance for side in sides]
    variance = size * density_width * np.array([*noise, sum(noise), sum(noise)])
    response = _edge_response(order, kernel)
    one, two = bends[0] * (-1) ** order, bends[1]
    bias = response * np.array([one, two, two - one, two + one])
    rate = 1 / (2 * order + 1)
    widths = (variance / (2 * order * bias**2 * size)) ** rate
    reach = max(left.reach, right.reach)
    widths = np.minimum(widths, [left.reach, right.reach, reach, reach])
    floors = [_window_floor(side, _WINDOW_MINIMUM + order) for side in sides]
    widths = np.maximum(widths, [*floors, max(floors), max(floors)])
    each, joint = widths[:2], widths[2:]
    return (
        float(np.median([each[0], *joint])),
        float(np.median([each[1], *joint])),
    )


def _pilot_widths(left: Side, right: Side, order: int) -> tuple[float, float]:
    """Widths that would be optimal for a normal density and a uniform kernel."""
    size = left.n_rows + right.n_rows
    mean = sum(float(np.sum(s.counts * s.offsets)) for s in (left, right)) / size
    squares = sum(
        float(np.sum(s.counts * (s.offsets - mean) ** 2)) for s in (left, right)
    )
    deviation = float(np.sqrt(squares / (size - 1)))
    place = mean / deviation
    reach = max(left.reach, right.reach)
    widths = []
    for target, fitted in ((order + 1, order + 2), (1, order)):
        hermite = float(hermite_e.hermeval(place, [0] * fitted + [1]))
        height = float(np.exp(-(place**2) / 2) / np.sqrt(2 * np.pi))
        ratio = (2 * target - 1) / (2 * (fitted + 1 - target))
        constant = _uniform_constant(fitted, target)
        width = (ratio * constant / (hermite**2 * height * size)) ** (
            1 / (2 * fitted + 1)
        )
        floor = max(_window_floor(s, _WINDOW_MINIMUM + fitted) for s in (left, right))
        widths.append(max(min(width * deviation, reach), floor))
    return widths[0], widths[1]


def _uniform_constant(order: int, derivative: int) -> float:
    """Variance over squared bias of a derivative at a boundary, uniform kernel."""
    i = np.arange(order + 1.0)
    j = i[:, None]
    gram = 0.5 / (i + j + 1)
    shared = 0.25 * (
        1 / ((j + 2) * (i + j + 3)) + (1 / (i + 2) - 1 / (i + j + 3)) / (j + 1)
    )
    inverse = np.linalg.inv(gram)
    variance = (inverse @ shared.T @ inverse)[derivative, derivative]
    bias = (inverse @ (0.5 / (i + order + 2)))[derivative] / factorial(order + 1)
    return float(variance / bias**2)


def _edge_response(order: int, kernel: Kernel) -> float:
    moment = _MOMENTS[kernel]
    i = np.arange(order + 1)
    gram = np.vectorize(moment)(i + i[:, None])
    return float(np.linalg.solve(gram, np.vectorize(moment)(i + order + 1))[1])


def _window_floor(side: Side, minimum: int) -> float:
    """Return the distance that takes in so many rows and so many distinct values."""
    by_row = int(np.searchsorted(side.ends, min(minimum, side.n_rows))) - 1
    by_value = min(minimum, side.n_cells) - 1
    return float(abs(side.offsets[max(by_row, by_value)]))


def _rows_within(side: Side, width: float) -> int:
    inside = int(np.searchsorted(np.abs(side.offsets), width, side="right"))
    return int(side.ends[inside])
