"""One coefficient of a regression as the estimate of a design."""

from __future__ import annotations

import numpy as np

from assay.causal.differences.regression import Reference, Regression
from assay.causal.estimate import Estimate, student_estimate


def coefficient_estimate(
    fit: Regression, at: int, reference: Reference, level: float, unit: str, method: str
) -> Estimate:
    """Return the ATT that stands at position `at`, by Student's or the normal law."""
    return student_estimate(
        "att",
        float(fit.coefficients[at]),
        float(fit.standard_errors[at]),
        fit.degrees if reference == "student" else np.inf,
        n=fit.n_rows,
        level=level,
        unit=unit,
        method=method,
    )
