"""Bandwidths that minimise the mean squared or the coverage error of a jump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from assay.causal.discontinuity.cells import Sample, Side
from assay.causal.discontinuity.contrast import (
    Columns,
    Noise,
    functional_variance,
    linearised,
    partialling,
)
from assay.causal.discontinuity.kernels import PILOT_CONSTANT, Kernel
from assay.causal.discontinuity.local import local_fit
from assay.errors import DataError

Selector: TypeAlias = Literal["mserd", "msetwo", "msesum", "cerrd", "certwo", "cersum"]
SELECTORS: tuple[Selector, ...] = (
    "mserd", "msetwo", "msesum", "cerrd", "certwo", "cersum",
)  # fmt: skip

# From this share of repeated values on, the running variable has mass points and every
# pilot window must hold a few distinct values.
_MASS_SHARE = 0.2
_DISTINCT_MINIMUM = 10
_NUDGE = 1 + float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class Bandwidths:
    """Half-widths left and right of the cutoff, in the running variable's unit.

    Attributes
    ----------
    main : tuple of two float
        For the estimate.
    bias : tuple of two float
        For the bias correction.
    """

    main: tuple[float, float]
    bias: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Terms:
    """Variance, bias and regularisation of one side's pilot fit."""

    variance: float
    bias: float
    ridge: float


@dataclass(frozen=True, slots=True)
class _Request:
    sample: Sample
    columns: Columns
    noise: Noise
    kernel: Kernel
    pilot: float
    floors: tuple[float, float]
    joint: Literal["rd", "two", "sum"]


def select_bandwidths(
    sample: Sample,
    columns: Columns,
    *,
    order: int = 1,
    derivative: int = 0,
    kernel: Kernel = "triangular",
    selector: Selector = "mserd",
    noise: Noise | None = None,
    adjust_mass_points: bool = True,
) -> Bandwidths:
    """Return plug-in bandwidths of a local polynomial jump.

    Parameters
    ----------
    sample : Sample
        Folded rows.
    columns : Columns
        What the sample's columns are.
    order : int, default=1
        Order of the local polynomial.
    derivative : int, default=0
        Derivative whose jump is meant; 1 for a kink.
    kernel : {"triangular", "uniform", "epanechnikov"}
    selector : str
        ``mse`` minimises the estimate's mean squared error, ``cer`` the coverage error
        of its interval; ``rd`` uses one width for the difference of the sides, ``sum``
        one for their sum, ``two`` one a side.
    noise : Noise, optional
        Kind of variance; nearest neighbours by default.
    adjust_mass_points : bool, default=True
        Count distinct values, not rows, in the pilot, and keep ten of them in every
        pilot window where a fifth of the rows repeat a value.

    Raises
    ------
    DataError
        If a side has too few distinct values for the pilot polynomials.

    References
    ----------
    Calonico, Cattaneo and Titiunik, "Robust Nonparametric Confidence Intervals for
    Regression-Discontinuity Designs", Econometrica, 2014; Calonico, Cattaneo and
    Farrell, "Optimal bandwidth choice for robust bias corrected inference in
    regression discontinuity designs", Econometrics Journal, 2020.
    """
    if selector not in SELECTORS:
        raise ValueError(
            f"unknown selector {selector!r}; use one of {', '.join(SELECTORS)}"
        )
    _enough_values(sample, order)
    floors = _floors(sample) if adjust_mass_points else (0.0, 0.0)
    request = _Request(
        sample=sample,
        columns=columns,
        noise=noise or Noise(),
        kernel=kernel,
        pilot=_pilot(sample, kernel, floors, adjust_mass_points),
        floors=floors,
        joint=_joint(selector),
    )
    reach = (sample.left.reach * _NUDGE, sample.right.reach * _NUDGE)
    rough = _step(request, order + 2, order + 2, reach, regularise=False)
    rough = _raised(rough, request)
    bias = _step(request, order + 1, order + 1, rough)
    main = _step(request, order, derivative, bias)
    if selector.startswith("cer"):
        size = sample.n_clusters or sample.n_rows
        shrink = size ** (-order / ((3 + order) * (3 + 2 * order)))
        main = (main[0] * shrink, main[1] * shrink)
    return Bandwidths(main, bias)


def _joint(selector: Selector) -> Literal["rd", "two", "sum"]:
    if selector.endswith("two"):
        return "two"
    return "sum" if selector.endswith("sum") else "rd"


def _enough_values(sample: Sample, order: int) -> None:
    # The roughest pilot is two orders above the bias correction.
    for name, side in (("below", sample.left), ("at or above", sample.right)):
        if side.n_cells < order + 4:
            raise DataError(
                f"only {side.n_cells} distinct running values {name} the cutoff; "
                f"choosing a bandwidth for order {order} needs {order + 4}: give a "
                "bandwidth yourself, or treat the design as locally randomised"
            )


def _floors(sample: Sample) -> tuple[float, float]:
    repeated = max(1 - side.n_cells / side.n_rows for side in (sample.left, sample.right))
    if repeated < _MASS_SHARE:
        return (0.0, 0.0)
    left, right = (
        abs(float(side.offsets[min(_DISTINCT_MINIMUM, side.n_cells) - 1])) * _NUDGE
        for side in (sample.left, sample.right)
    )
    return left, right


def _pilot(
    sample: Sample, kernel: Kernel, floors: tuple[float, float], by_value: bool
) -> float:
    size = sample.left.n_cells + sample.right.n_cells if by_value else sample.n_rows
    width: float = PILOT_CONSTANT[kernel] * sample.spread * size**-0.2
    return max(min(width, _reach(sample)), *floors)


def _reach(sample: Sample) -> float:
    return max(sample.left.reach, sample.right.reach)


def _raised(widths: tuple[float, float], request: _Request) -> tuple[float, float]:
    if request.joint == "two":
        return max(widths[0], request.floors[0]), max(widths[1], request.floors[1])
    width = max(*widths, *request.floors)
    return width, width


def _step(
    request: _Request,
    order: int,
    derivative: int,
    widths: tuple[float, float],
    *,
    regularise: bool = True,
) -> tuple[float, float]:
    """Optimal widths of a fit of `order`, its bias seen through windows of `widths`."""
    sample = request.sample
    left = _terms(request, sample.left, order, derivative, widths[0], regularise)
    right = _terms(request, sample.right, order, derivative, widths[1], regularise)
    rate = 1 / (2 * order + 3)
    if request.joint == "two":
        first, second = (
            (one.variance / (one.bias**2 + one.ridge)) ** rate for one in (left, right)
        )
        return (
            float(min(first, sample.left.reach)),
            float(min(second, sample.right.reach)),
        )
    sign = -1 if request.joint == "rd" else 1
    bias = right.bias + sign * left.bias
    squared = bias**2 + left.ridge + right.ridge
    width = ((left.variance + right.variance) / squared) ** rate
    width = float(min(width, _reach(sample)))
    return width, width


def _terms(
    request: _Request,
    side: Side,
    order: int,
    derivative: int,
    bias_width: float,
    regularise: bool,
) -> _Terms:
    pilot = local_fit(side, request.pilot, order, request.kernel)
    net = partialling([side], [pilot], request.columns)
    combination = net @ linearised(pilot.derivative(derivative) @ net, request.columns)
    variance = functional_variance(
        side, pilot.functional(derivative), combination, pilot, request.noise
    )
    response = pilot.leading_bias(derivative)
    curve = local_fit(side, bias_width, order + 1, request.kernel)
    slack = 2 * (order + 1 - derivative)
    ridge = 0.0
    if regularise:
        noise = functional_variance(
            side, curve.functional(order + 1), combination, curve, request.noise
        )
        ridge = slack * 3 * response**2 * noise
    power = 2 * derivative + 1
    bias = np.sqrt(slack) * response * float(curve.derivative(order + 1) @ combination)
    return _Terms(power * request.pilot**power * variance, bias, ridge)
