"""Kernels of local polynomial regression, and power sums weighted by them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Kernel: TypeAlias = Literal["triangular", "uniform", "epanechnikov"]

PILOT_CONSTANT = {"triangular": 2.576, "uniform": 1.843, "epanechnikov": 2.34}
"""Rule-of-thumb constants of the pilot bandwidth, of Silverman's kind."""

# Long sums go block by block: the powers stay in cache and no big copy is made.
_BLOCK = 1 << 15


def kernel_weights(scaled: Floats, bandwidth: float, kernel: Kernel) -> Floats:
    """Return K(u) / h for u = offset / bandwidth; zero outside [-1, 1].

    Raises
    ------
    ValueError
        If the kernel is none of the three.
    """
    distance = np.abs(scaled)
    inside = distance <= 1
    if kernel == "triangular":
        height = 1 - distance
    elif kernel == "uniform":
        height = np.full_like(distance, 0.5)
    elif kernel == "epanechnikov":
        height = 0.75 * (1 - distance**2)
    else:
        raise ValueError(
            f"unknown kernel {kernel!r}; use one of {', '.join(PILOT_CONSTANT)}"
        )
    return np.asarray(height * inside / bandwidth, dtype=np.float64)


def power_sums(scaled: Floats, weights: Floats, degree: int) -> Floats:
    """Return sums of ``weights * scaled**j`` for j = 0 ... degree.

    Parameters
    ----------
    scaled : ndarray of shape (n,)
        Points.
    weights : ndarray of shape (n,) or (n, n_columns)
        One or several columns of weights.
    degree : int
        Highest power.

    Returns
    -------
    ndarray of shape (degree + 1,) or (degree + 1, n_columns)
        Pairwise sums by block, so that no result depends on the number of threads.
    """
    sums = np.zeros((degree + 1, *weights.shape[1:]))
    for start in range(0, scaled.size, _BLOCK):
        u = scaled[start : start + _BLOCK]
        part = np.array(weights[start : start + _BLOCK].T)
        for power in range(degree + 1):
            sums[power] += part.sum(axis=-1)
            if power < degree:
                part *= u
    return sums


def polynomial(scaled: Floats, coefficients: Floats) -> Floats:
    """Return the polynomial with the coefficients (constant first) at each point.

    `coefficients` has shape (order + 1,) or (order + 1, n_columns); the value then
    has shape (n,) or (n, n_columns).
    """
    points = scaled if coefficients.ndim == 1 else scaled[:, None]
    value = np.broadcast_to(coefficients[-1], np.broadcast_shapes(
        points.shape, coefficients[-1].shape)).copy()  # fmt: skip
    for coefficient in coefficients[-2::-1]:
        value *= points
        value += coefficient
    return value
