"""The jump where there should be none, and the jump under other choices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.causal.discontinuity.cells import Sample
from assay.causal.discontinuity.jump import Jump, LocalSpec, local_jump
from assay.causal.discontinuity.rows import Rows
from assay.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One jump of a check, treated minus untreated.

    Attributes
    ----------
    kind : str
        "placebo cutoff", "covariate", "donut", "bandwidth".
    label : str
        Cutoff, covariate, radius or bandwidth, as text.
    value : float
        The same as a number; NaN for a covariate.
    jump, robust_standard_error, robust_p_value, bias_corrected : float
    robust_interval : tuple of two float
    n_effective : tuple of two int
        Rows left and right.
    """

    kind: str
    label: str
    value: float
    jump: float
    bias_corrected: float
    robust_standard_error: float
    robust_interval: tuple[float, float]
    robust_p_value: float
    n_effective: tuple[int, int]


def placebo_cutoffs(
    rows: Rows, cutoffs: Sequence[float] | None, spec: LocalSpec
) -> tuple[Check, ...]:
    """Estimate jumps at made-up cutoffs, each among rows of one side only.

    Without `cutoffs`, the quartiles of the running variable on either side are used.
    Cutoffs with too few rows around them are left out.
    """
    above = rows.running >= rows.cutoff
    if cutoffs is None:
        cutoffs = sorted(
            {
                float(cut)
                for side in (rows.running[~above], rows.running[above])
                for cut in np.quantile(side, [0.25, 0.5, 0.75])
            }
        )
    found = []
    for cut in cutoffs:
        moved = replace(rows, cutoff=cut, treatment=None)
        kept = above if cut > rows.cutoff else ~above
        check = _attempt("placebo cutoff", f"{cut:.4g}", cut, moved, kept, spec)
        if check is not None:
            found.append(check)
    return tuple(found)


def covariate_jumps(rows: Rows, spec: LocalSpec) -> tuple[Check, ...]:
    """Estimate the jump of each covariate as if it were the outcome."""
    found = []
    for name, values in rows.covariates:
        moved = replace(rows, outcome=values, treatment=None, covariates=(), adjusted=())
        check = _attempt("covariate", name, float("nan"), moved, None, spec)
        if check is None:
            raise DataError(
                f"covariate {name!r} has too little variation around the cutoff to be "
                "checked; leave it out"
            )
        found.append(check)
    return tuple(found)


def donut_jumps(rows: Rows, radii: Iterable[float], spec: LocalSpec) -> tuple[Check, ...]:
    """Estimate the jump without the rows nearer than each radius to the cutoff."""
    found = []
    for radius in radii:
        kept = np.abs(rows.running - rows.cutoff) >= radius
        check = _attempt("donut", f"{radius:.3g}", radius, rows, kept, spec)
        if check is not None:
            found.append(check)
    return tuple(found)


def bandwidth_sweep(
    sample: Sample, rows: Rows, widths: Iterable[float], spec: LocalSpec, ratio: float
) -> tuple[Check, ...]:
    """Estimate the jump at each bandwidth, the bias's in the same `ratio` to it."""
    found = []
    for width in widths:
        given = replace(spec, bandwidth=width, bias_bandwidth=width * ratio)
        try:
            jump = local_jump(sample, rows.columns, given)
        except DataError:
            continue
        found.append(_check("bandwidth", f"{width:.4g}", width, jump, rows.sign))
    return tuple(found)


def check_table(checks: Iterable[Check]) -> pd.DataFrame:
    """Return checks as a table, one row each."""
    return pd.DataFrame(
        [
            {
                "check": item.kind,
                "at": item.label,
                "jump": item.jump,
                "low": item.robust_interval[0],
                "high": item.robust_interval[1],
                "p_value": item.robust_p_value,
                "n_left": item.n_effective[0],
                "n_right": item.n_effective[1],
            }
            for item in checks
        ],
        columns=["check", "at", "jump", "low", "high", "p_value", "n_left", "n_right"],
    )


def _attempt(
    kind: str,
    label: str,
    value: float,
    rows: Rows,
    kept: NDArray[np.bool_] | None,
    spec: LocalSpec,
) -> Check | None:
    """Return the check, or None where the data around it cannot carry one."""
    try:
        jump = local_jump(rows.sample(kept), rows.columns, spec)
    except DataError:
        return None
    finite = np.isfinite([jump.jump, jump.robust_standard_error]).all()
    return _check(kind, label, value, jump, rows.sign) if finite else None


def _check(kind: str, label: str, value: float, jump: Jump, sign: float) -> Check:
    low, high = sorted(sign * end for end in jump.robust_interval)
    return Check(
        kind=kind,
        label=label,
        value=value,
        jump=sign * jump.jump,
        bias_corrected=sign * jump.bias_corrected,
        robust_standard_error=jump.robust_standard_error,
        robust_interval=(low, high),
        robust_p_value=jump.robust_p_value,
        n_effective=jump.n_effective,
    )
