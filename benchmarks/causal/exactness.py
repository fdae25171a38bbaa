"""Our weights and SLSQP's against the optimum in rational numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.causal.synthetic import simplex_fit
from benchmarks.causal.exact_weights import exact_loss, exact_residual, exact_weights
from benchmarks.causal.slsqp import pivoted, slsqp_weights


def exact_problems(
    frame: pd.DataFrame, treated: list[int], donors: list[int]
) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Return treated series and donors of every fit above that is not a resample."""
    own, pool = pivoted(frame, treated, donors)
    used = np.flatnonzero(slsqp_weights(pool[:20], own[:20]) > 1e-3)
    rest = [np.delete(np.arange(len(donors)), j) for j in range(len(donors))]
    return {
        "the fit itself": [(own, pool)],
        "placebos in space": [(pool[:, j], pool[:, r]) for j, r in enumerate(rest)],
        "leave one out": [(own, pool[:, rest[j]]) for j in used],
    }


def exact_section(problems: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> list[str]:
    """Compare both ways with the optimum in rational numbers; 20 periods before."""
    lines = [
        "## Against the exact optimum",
        "",
        "The optimum of the same problems in rational numbers, its optimality conditions "
        "checked without rounding (`benchmarks/causal/exact_weights.py`). Residual: "
        "largest violation of these conditions over the mean diagonal of the Gram "
        "matrix. Loss: sum of squared errors above the exact minimum.",
        "",
        "| fits | estimate, ours | estimate, SLSQP | residual, ours | residual, SLSQP | "
        "loss above, ours | loss above, SLSQP |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, fits in problems.items():
        found = np.array([_against_exact(own, pool) for own, pool in fits]).max(axis=0)
        cells = " | ".join(f"{value:.1e}" for value in found)
        lines.append(f"| {name}, {len(fits)} | {cells} |")
        print(lines[-1])
    return [*lines, ""]


def _against_exact(own: np.ndarray, pool: np.ndarray) -> list[float]:
    """Return differences, residuals and losses of both ways, ours first."""
    pre, target = pool[:20], own[:20]
    ours = simplex_fit(pre.T @ pre, pre.T @ target).weights
    theirs = slsqp_weights(pre, target)
    exact = exact_weights(pre, target, ours > 0)
    truth = (own - pool @ np.array([float(w) for w in exact]))[20:].mean()
    least = exact_loss(pre, target, exact)
    both = (ours, theirs)
    return [
        *(abs(float((own - pool @ w)[20:].mean() - truth)) for w in both),
        *(exact_residual(pre, target, w) for w in both),
        *(float(exact_loss(pre, target, w.tolist()) - least) for w in both),
    ]
