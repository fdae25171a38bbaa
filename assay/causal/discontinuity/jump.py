"""The jump at the cutoff with its robust bias-corrected interval."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.discontinuity.bandwidth import (
    Bandwidths,
    Selector,
    select_bandwidths,
)
from assay.causal.discontinuity.cells import Sample, Side
from assay.causal.discontinuity.contrast import (
    Columns,
    Noise,
    functional_variance,
    linearised,
    partialling,
)
from assay.causal.discontinuity.kernels import Kernel
from assay.causal.discontinuity.local import LocalFit, local_fit
from assay.causal.discontinuity.ratio import RatioSet, ratio_set
from assay.causal.estimate import critical_value, two_sided_p

Floats: TypeAlias = NDArray[np.float64]

# A change of treatment that rounding makes out of none.
_NO_CHANGE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSpec:
    """How a jump is estimated.

    Attributes
    ----------
    order : int
        Order of the local polynomial; the bias correction uses one more.
    kernel : {"triangular", "uniform", "epanechnikov"}
    selector : str
        Bandwidth selector, where no bandwidth is given.
    bandwidth, bias_bandwidth : float or None
        Given half-widths. With only the first given, the second equals it.
    noise : Noise
        Kind of variance.
    adjust_mass_points : bool
        See :func:`select_bandwidths`.
    level : float
        Of the intervals.
    """

    order: int = 1
    kernel: Kernel = "triangular"
    selector: Selector = "mserd"
    bandwidth: float | None = None
    bias_bandwidth: float | None = None
    noise: Noise = field(default_factory=Noise)
    adjust_mass_points: bool = True
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("bandwidth", "bias_bandwidth"):
            width = getattr(self, name)
            if width is not None and not (np.isfinite(width) and width > 0):
                raise ValueError(f"{name} must be positive, got {width}")
        if self.order < 1:
            raise ValueError(f"order must be at least 1, got {self.order}")

    def freed(self) -> LocalSpec:
        """Let another outcome or cutoff choose its own bandwidth."""
        noise = Noise(self.noise.variance, self.noise.n_matches)
        return replace(self, bandwidth=None, bias_bandwidth=None, noise=noise)

    def held(self, widths: Bandwidths) -> LocalSpec:
        """Hold the bandwidths of an estimate."""
        return replace(self, bandwidth=max(widths.main), bias_bandwidth=max(widths.bias))


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """Jump at the cutoff, right minus left.

    Attributes
    ----------
    jump, standard_error : float
        Local polynomial estimate and its conventional error.
    interval : tuple of two float
        Conventional interval; it ignores the smoothing bias.
    bias_corrected, robust_standard_error : float
        Estimate less its estimated bias; error that includes the correction's own.
    robust_interval : tuple of two float
        ``bias_corrected`` plus and minus the quantile of ``robust_standard_error``.
    robust_p_value : float
        Of no jump.
    bandwidths : Bandwidths
        Half-widths used.
    n_effective : tuple of two int
        Rows with positive weight, left and right.
    limits : tuple of two float
        Fitted outcome at the cutoff from the left and from the right.
    treatment_jump, treatment_standard_error : float
        First stage of a fuzzy design: jump of the treatment; 1 and 0 in a sharp one.
    anderson_rubin : RatioSet or None
        Of a fuzzy design: effects not rejected, however weak the first stage.
    """

    jump: float
    standard_error: float
    interval: tuple[float, float]
    bias_corrected: float
    robust_standard_error: float
    robust_interval: tuple[float, float]
    robust_p_value: float
    bandwidths: Bandwidths
    n_effective: tuple[int, int]
    limits: tuple[float, float]
    treatment_jump: float = 1.0
    treatment_standard_error: float = 0.0
    anderson_rubin: RatioSet | None = None


@dataclass(frozen=True, slots=True)
class _Edge:
    """One side's two fits and the functionals that make its limit at the cutoff."""

    side: Side
    plain: LocalFit
    curve: LocalFit
    functional: Floats
    corrected: Floats
    limit: Floats
    corrected_limit: Floats


def local_jump(sample: Sample, columns: Columns, spec: LocalSpec) -> Jump:
    """Return the jump of the outcome (over that of the treatment) at the cutoff.

    Parameters
    ----------
    sample : Sample
        Folded rows with columns outcome, treatment (fuzzy), covariates.
    columns : Columns
        What the columns are.
    spec : LocalSpec
        Order, kernel, bandwidths, variance.

    Raises
    ------
    DataError
        If a side has too few distinct values in its window, or a fuzzy treatment
        does not jump.

    References
    ----------
    Calonico, Cattaneo and Titiunik, Econometrica, 2014; Calonico, Cattaneo, Farrell and
    Titiunik, "Regression Discontinuity Designs using Covariates", Review of Economics
    and Statistics, 2019.
    """
    widths = _bandwidths(sample, columns, spec)
    left = _edge(sample.left, widths.main[0], widths.bias[0], spec)
    right = _edge(sample.right, widths.main[1], widths.bias[1], spec)
    sides, plain = (left.side, right.side), (left.plain, right.plain)
    net = partialling(sides, plain, columns)
    gaps = (right.limit - left.limit) @ net
    corrected_gaps = (right.corrected_limit - left.corrected_limit) @ net
    if columns.is_fuzzy and abs(gaps[1]) < _NO_CHANGE:
        gaps[1] = 0.0
    slope = linearised(gaps, columns)
    jump = float(gaps[0] / gaps[1]) if columns.is_fuzzy else float(gaps[0])
    corrected = jump - float((gaps - corrected_gaps) @ slope)
    error, robust = (
        np.sqrt(sum(_variance(e, net @ slope, spec, is_robust) for e in (left, right)))
        for is_robust in (False, True)
    )
    z = critical_value(spec.level)
    return Jump(
        jump=jump,
        standard_error=float(error),
        interval=(float(jump - z * error), float(jump + z * error)),
        bias_corrected=corrected,
        robust_standard_error=float(robust),
        robust_interval=(float(corrected - z * robust), float(corrected + z * robust)),
        robust_p_value=two_sided_p(corrected, float(robust)),
        bandwidths=widths,
        n_effective=(_n_rows(left), _n_rows(right)),
        limits=(float((left.limit @ net)[0]), float((right.limit @ net)[0])),
        **(_first_stage((left, right), net, gaps, corrected_gaps, spec)
           if columns.is_fuzzy else {}),
    )  # fmt: skip


def _first_stage(
    edges: tuple[_Edge, _Edge], net: Floats, gaps: Floats, corrected: Floats,
    spec: LocalSpec,
) -> dict[str, Any]:  # fmt: skip
    """Return what a fuzzy jump has besides its ratio."""

    def variance(outcome: float, treatment: float, is_robust: bool) -> float:
        picked = net @ np.array([outcome, treatment])
        return sum(_variance(edge, picked, spec, is_robust) for edge in edges)

    of_y, of_d = variance(1, 0, True), variance(0, 1, True)
    shared = (variance(1, 1, True) - of_y - of_d) / 2
    covariance = np.array([[of_y, shared], [shared, of_d]])
    return {
        "treatment_jump": float(gaps[1]),
        "treatment_standard_error": float(np.sqrt(variance(0, 1, False))),
        "anderson_rubin": ratio_set(corrected, covariance, spec.level),
    }


def _bandwidths(sample: Sample, columns: Columns, spec: LocalSpec) -> Bandwidths:
    if spec.bandwidth is not None:
        bias = spec.bias_bandwidth or spec.bandwidth
        return Bandwidths((spec.bandwidth, spec.bandwidth), (bias, bias))
    perfect = columns.is_fuzzy and any(
        float(np.ptp(side.means[:, 1])) == 0 and not side.within[:, 1, 1].any()
        for side in (sample.left, sample.right)
    )
    return select_bandwidths(
        _without_treatment(sample) if perfect else sample,
        Columns(False, columns.n_covariates) if perfect else columns,
        order=spec.order,
        kernel=spec.kernel,
        selector=spec.selector,
        noise=spec.noise,
        adjust_mass_points=spec.adjust_mass_points,
    )


def _without_treatment(sample: Sample) -> Sample:
    """Drop the treatment where one side complies fully: there its fit has no noise."""

    def drop(side: Side) -> Side:
        keep = np.delete(np.arange(side.means.shape[1]), 1)
        return Side(
            side.offsets, side.counts, side.means[:, keep],
            side.within[:, keep][:, :, keep], side.ends,
            None if side.rows is None else side.rows[:, keep], side.clusters,
        )  # fmt: skip

    return Sample(drop(sample.left), drop(sample.right), sample.spread, sample.n_clusters)


def _edge(side: Side, width: float, bias_width: float, spec: LocalSpec) -> _Edge:
    order = spec.order
    plain = local_fit(side, width, order, spec.kernel)
    curve = local_fit(side, bias_width, order + 1, spec.kernel)
    size = max(plain.n_cells, curve.n_cells)
    functional, bend = np.zeros(size), np.zeros(size)
    functional[: plain.n_cells] = plain.functional(0)
    bend[: curve.n_cells] = curve.functional(order + 1)
    factor = width ** (order + 1) * plain.leading_bias(0)
    limit = plain.derivative(0)
    return _Edge(
        side, plain, curve, functional, functional - factor * bend,
        limit, limit - factor * curve.derivative(order + 1),
    )  # fmt: skip


def _variance(edge: _Edge, combination: Floats, spec: LocalSpec, robust: bool) -> float:
    return functional_variance(
        edge.side,
        edge.corrected if robust else edge.functional,
        combination,
        edge.curve if robust else edge.plain,
        spec.noise,
    )


def _n_rows(edge: _Edge) -> int:
    return int(edge.side.ends[edge.plain.n_cells])
