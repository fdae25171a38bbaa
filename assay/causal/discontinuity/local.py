"""Local polynomial regression at the edge of one side, as a weighted sum over cells.

With u the offset over the bandwidth, the coefficient of order v of the fit is
``sum(weight_i * y_i)``: a linear functional whose weights are kernel times polynomial.
Its variance needs nothing else than those weights and the residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.discontinuity.cells import Side
from assay.causal.discontinuity.kernels import (
    Kernel,
    kernel_weights,
    polynomial,
    power_sums,
)
from assay.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Variance: TypeAlias = Literal["nn", "hc0", "hc1", "hc2", "hc3"]

# Two neighbours count as equally near when their distances agree to this share.
_TIE = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class LocalFit:
    """Weighted polynomial fit of every column on the cells inside a bandwidth.

    Attributes
    ----------
    bandwidth : float
        Half-width of the window.
    n_cells : int
        Cells with positive weight: the first ones of the side.
    scaled, weights, mass : ndarray of shape (n_cells,)
        Offset over bandwidth; kernel weight of each row in the cell, and of all its
        rows together.
    inverse : ndarray of shape (order + 1, order + 1)
        Inverse of the weighted Gram matrix of powers of `scaled`.
    coefficients : ndarray of shape (order + 1, n_columns)
        Of powers of `scaled`.
    products : ndarray of shape (order + 1, n_columns)
        Weighted sums of powers times columns.
    """

    bandwidth: float
    n_cells: int
    scaled: Floats
    weights: Floats
    mass: Floats
    inverse: Floats
    coefficients: Floats
    products: Floats

    @property
    def order(self) -> int:
        """Order of the polynomial."""
        return int(self.inverse.shape[0]) - 1

    def derivative(self, order: int) -> Floats:
        """Return the coefficient of (offset ** order) for each column."""
        return np.asarray(self.coefficients[order] / self.bandwidth**order)

    def functional(self, order: int) -> Floats:
        """Return what each row of each cell contributes to that coefficient."""
        shape = polynomial(self.scaled, self.inverse[:, order])
        return np.asarray(self.weights * shape / self.bandwidth**order)

    def leading_bias(self, order: int) -> float:
        """Return the response of the coefficient, times h**order, to u**(p + 1)."""
        moments = power_sums(self.scaled, self.mass, 2 * self.order + 1)
        return float(self.inverse[order] @ moments[self.order + 1 :])

    def leverage(self) -> Floats:
        """Return the leverage of a row in each cell."""
        size = self.order + 1
        antidiagonals = np.array(
            [np.trace(self.inverse[::-1], k) for k in range(-self.order, size)]
        )
        return self.weights * polynomial(self.scaled, antidiagonals)


def local_fit(side: Side, bandwidth: float, order: int, kernel: Kernel) -> LocalFit:
    """Fit a polynomial of the given order to every column inside the bandwidth.

    Raises
    ------
    DataError
        If the window has too few distinct running values for the order.
    """
    n_cells = cells_within(side, bandwidth, kernel)
    if n_cells < order + 1:
        raise DataError(
            f"only {n_cells} distinct running values within {bandwidth:g} of the cutoff "
            f"on one side, and a polynomial of order {order} needs {order + 1}; widen "
            "the bandwidth or lower the order"
        )
    scaled = side.offsets[:n_cells] / bandwidth
    weights = kernel_weights(scaled, bandwidth, kernel)
    mass = weights * side.counts[:n_cells]
    grams = power_sums(scaled, mass, 2 * order)
    products = power_sums(scaled, mass[:, None] * side.means[:n_cells], order)
    inverse = np.asarray(np.linalg.inv(hankel(grams)), dtype=np.float64)
    return LocalFit(
        bandwidth, n_cells, scaled, weights, mass, inverse, inverse @ products, products
    )


def cells_within(side: Side, bandwidth: float, kernel: Kernel) -> int:
    """Return how many cells have positive kernel weight."""
    distance = np.abs(side.offsets)
    reach = int(np.searchsorted(distance, bandwidth * (1 + 1e-9), side="right"))
    edge = max(reach - 4, 0)
    weight = kernel_weights(side.offsets[edge:reach] / bandwidth, bandwidth, kernel)
    return edge + int(np.count_nonzero(weight > 0))


def hankel(sums: Floats) -> Floats:
    """Return the Gram matrix whose entry (i, j) is the power sum of degree i + j."""
    size = (sums.shape[0] + 1) // 2
    return np.asarray(sums[np.add.outer(np.arange(size), np.arange(size))])


def squared_residuals(
    side: Side, fit: LocalFit, n_cells: int, variance: Variance, n_matches: int
) -> Floats:
    """Return sums over each cell's rows of residual cross products.

    Parameters
    ----------
    side, fit
        The data; the fit whose residuals and leverages are meant (unused for "nn").
    n_cells : int
        Cells of the window.
    variance : {"nn", "hc0", "hc1", "hc2", "hc3"}
        Nearest neighbours, or residuals of `fit` with the customary corrections.
    n_matches : int
        Neighbours of each row; rows with tied distance all count.

    Returns
    -------
    ndarray of shape (n_cells, n_columns, n_columns)
    """
    if variance == "nn":
        centre, inflation = _neighbour_means(side, n_cells, n_matches)
    else:
        scaled = side.offsets[:n_cells] / fit.bandwidth
        centre = polynomial(scaled, fit.coefficients)
        inflation = _inflation(side, fit, n_cells, variance)
    gap = side.means[:n_cells] - centre
    spread = side.counts[:n_cells, None, None] * gap[:, :, None] * gap[:, None, :]
    return np.asarray(inflation[:, None, None] * (side.within[:n_cells] + spread))


def _inflation(side: Side, fit: LocalFit, n_cells: int, variance: Variance) -> Floats:
    factor = np.ones(n_cells)
    if variance == "hc1":
        n = float(side.ends[n_cells])
        factor *= n / (n - fit.order - 1)
    elif variance in ("hc2", "hc3"):
        leverage = np.zeros(n_cells)
        leverage[: fit.n_cells] = fit.leverage()[:n_cells]
        power = 1 if variance == "hc2" else 2
        factor = np.maximum(1 - leverage, 1e-8) ** -power
    elif variance != "hc0":
        raise ValueError(f"unknown variance {variance!r}; use nn, hc0, hc1, hc2 or hc3")
    return factor


def _neighbour_means(side: Side, n_cells: int, n_matches: int) -> tuple[Floats, Floats]:
    """Mean over each cell and its nearest rows, and the variance's correction.

    With J neighbours a residual ``sqrt(J / (J + 1)) * (y - mean of neighbours)`` equals
    ``sqrt((J + 1) / J) * (y - mean of row and neighbours)``, which a cell shares.
    """
    ends = side.ends[: n_cells + 1]
    if ends[-1] < 2:
        raise DataError(
            "one row inside the bandwidth on one side of the cutoff leaves no "
            "neighbour to measure noise with; widen the bandwidth"
        )
    low, high = _remembered_neighbours(side, n_cells, n_matches)
    centre = side.means[:n_cells].mean(axis=0)
    totals = side.counts[:n_cells, None] * (side.means[:n_cells] - centre)
    running = np.zeros((n_cells + 1, totals.shape[1]))
    np.cumsum(totals, axis=0, out=running[1:])
    size = (ends[high + 1] - ends[low]).astype(np.float64)
    means = (running[high + 1] - running[low]) / size[:, None] + centre
    return means, size / (size - 1)


def _remembered_neighbours(
    side: Side, n_cells: int, n_matches: int
) -> tuple[Codes, Codes]:
    """First and last cell of each cell's neighbourhood within the window.

    A window's edge changes only the neighbourhoods that would reach beyond it, so one
    search serves all smaller windows.
    """
    known = side.neighbours.get(n_matches)
    if known is None or known[0].size < n_cells:
        known = _neighbours(side, np.arange(n_cells), n_cells, n_matches)
        side.neighbours[n_matches] = known
    if known[0].size == n_cells:
        return known
    low, high = known[0][:n_cells].copy(), known[1][:n_cells].copy()
    beyond = np.flatnonzero(high >= n_cells)
    low[beyond], high[beyond] = _neighbours(side, beyond, n_cells, n_matches)
    return low, high


def _neighbours(
    side: Side, cells: Codes, n_cells: int, n_matches: int
) -> tuple[Codes, Codes]:
    """Widen from each cell to the nearer side, to both where they tie."""
    ends = side.ends
    wanted = min(n_matches, int(ends[n_cells]) - 1) + 1
    padded = np.empty(n_cells + 2)
    padded[0], padded[-1] = -np.inf, np.inf
    np.abs(side.offsets[:n_cells], out=padded[1:-1])
    low, high = cells.copy(), cells.copy()
    open_ = np.flatnonzero(ends[high + 1] - ends[low] < wanted)
    while open_.size:
        first, last, here = low[open_], high[open_], padded[cells[open_] + 1]
        before, after = here - padded[first], padded[last + 2] - here
        first -= before * (1 - _TIE) <= after
        last += after * (1 - _TIE) <= before
        low[open_], high[open_] = first, last
        open_ = open_[ends[last + 1] - ends[first] < wanted]
    return low, high
