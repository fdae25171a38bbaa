"""Binned means and fitted curves around the cutoff, small enough to keep and to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.discontinuity.cells import Sample, Side
from assay.causal.discontinuity.kernels import polynomial
from assay.causal.discontinuity.local import local_fit

if TYPE_CHECKING:
    from assay.causal.discontinuity.jump import Jump, LocalSpec
    from assay.causal.discontinuity.rows import Rows

Floats: TypeAlias = NDArray[np.float64]

_BINS_PER_SIDE = 20
_WINDOWS_SHOWN = 3.0
_CURVE_POINTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """What a reader sees of the data.

    Attributes
    ----------
    cutoff : float
    middles, means, errors : ndarray of shape (n_bins,)
        Middle of each bin of the running variable, mean outcome, its standard error
        (NaN in a bin of one row).
    counts : ndarray of shape (n_bins,)
        Rows of each bin.
    is_right : ndarray of shape (n_bins,), bool
        Bins at or above the cutoff.
    curve_left, curve_right : ndarray of shape (n_points, 2)
        Running variable and fitted outcome within the bandwidth.
    """

    cutoff: float
    middles: Floats
    means: Floats
    errors: Floats
    counts: Floats
    is_right: NDArray[np.bool_]
    curve_left: Floats
    curve_right: Floats


def running_bins(sample: Sample, rows: Rows, jump: Jump, spec: LocalSpec) -> Bins:
    """Bin the outcome over three bandwidths on either side of the cutoff."""
    tables, curves = [], []
    for side, width in zip(
        (sample.left, sample.right), jump.bandwidths.main, strict=True
    ):
        tables.append(_side_bins(side, min(_WINDOWS_SHOWN * width, side.reach)))
        curves.append(_curve(side, width, spec) + np.array([rows.cutoff, 0.0]))
    left, right = tables
    both = np.concatenate([left[::-1], right])
    return Bins(
        cutoff=rows.cutoff,
        middles=both[:, 0] + rows.cutoff,
        means=both[:, 1],
        errors=both[:, 2],
        counts=both[:, 3],
        is_right=np.arange(both.shape[0]) >= left.shape[0],
        curve_left=curves[0],
        curve_right=curves[1],
    )


def _side_bins(side: Side, reach: float) -> Floats:
    distance = np.abs(side.offsets)
    inside = int(np.searchsorted(distance, reach, side="right"))
    width = max(reach, np.finfo(np.float64).tiny) / _BINS_PER_SIDE
    place = np.minimum((distance[:inside] / width).astype(np.intp), _BINS_PER_SIDE - 1)
    counts = np.bincount(place, weights=side.counts[:inside], minlength=_BINS_PER_SIDE)
    totals = side.counts[:inside] * side.means[:inside, 0]
    sums = np.bincount(place, weights=totals, minlength=_BINS_PER_SIDE)
    used = np.flatnonzero(counts)
    means = sums[used] / counts[used]
    level = np.zeros(_BINS_PER_SIDE)
    level[used] = means
    gaps = side.means[:inside, 0] - level[place]
    squares = side.within[:inside, 0, 0] + side.counts[:inside] * gaps**2
    spread = np.bincount(place, weights=squares, minlength=_BINS_PER_SIDE)[used]
    size = counts[used]
    errors = np.full(used.size, np.nan)
    many = size > 1
    errors[many] = np.sqrt(spread[many] / (size[many] - 1) / size[many])
    sign = -1.0 if side.offsets[0] < 0 else 1.0
    return np.column_stack([sign * (used + 0.5) * width, means, errors, size])


def _curve(side: Side, width: float, spec: LocalSpec) -> Floats:
    fit = local_fit(side, width, spec.order, spec.kernel)
    sign = -1.0 if side.offsets[0] < 0 else 1.0
    scaled = sign * np.linspace(0.0, min(1.0, side.reach / width), _CURVE_POINTS)
    return np.column_stack([scaled * width, polynomial(scaled, fit.coefficients[:, 0])])
