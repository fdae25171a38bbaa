"""Synthetic control the tutorial's way: a rebuilt pivot table, and SciPy's SLSQP."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

SPEC: dict[str, Any] = {
    "unit": "workspace_id",
    "period": "signup_week",
    "outcome": "task_completed",
    "treatment_start": 20,
    "end": 30,
}


def slsqp_att(rows: pd.DataFrame, treated: list[int], donors: list[int]) -> float:
    """Rebuild the pivot table and hand the weights to SciPy, as the tutorial does."""
    own, pool = pivoted(rows, treated, donors)
    return float((own - pool @ slsqp_weights(pool[:20], own[:20]))[20:].mean())


def pivoted(
    rows: pd.DataFrame, treated: list[int], donors: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the treated series and the donors' of a rebuilt pivot table."""
    early = rows[rows["signup_week"] < 30]
    table = early.pivot_table(
        index="signup_week", columns="workspace_id", values="task_completed"
    )
    table = table.fillna(table.mean())
    return table[treated].mean(axis=1).to_numpy(), table[donors].to_numpy()


def slsqp_weights(pre: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the weights at which SLSQP stops."""
    n = pre.shape[1]
    found = minimize(
        lambda w: float(np.mean((target - pre @ w) ** 2)),
        np.full(n, 1 / n),
        bounds=[(0.0, 1.0)] * n,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 1000},
    )
    return np.asarray(found.x)
