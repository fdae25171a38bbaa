"""Whether the block before still shows in the rows that a switchback kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from assay.causal.assumptions import Assumption, limit, state_of_test, untestable
from assay.causal.panel import Floats

NAME = "no carry-over"
STATEMENT = "the state left by one block has worn off in the rows that were kept"
ADVICE = "leave out more periods after each switch and see whether the effect settles"

_CELL_BLOCKS = 3


def carryover_assumption(
    rows: pd.DataFrame,
    kept: NDArray[np.bool_],
    effect: float,
    diagnostics: dict[str, float],
) -> Assumption:
    """Judge whether the block before shows in the rows kept; figures are noted.

    Parameters
    ----------
    rows : DataFrame
        `outcome`, `treated`, `period`, `block`, and `market` where there are several,
        in order of time within each market. Not changed.
    kept : ndarray of shape (n_rows,) of bool
        Rows beyond the carry-over periods.
    effect : float
        Estimated from the rows kept.
    diagnostics : dict of str to float
        Gains the effect right after switches, and the test.

    Notes
    -----
    Where blocks were drawn, what came before a block is drawn too: blocks of one arm
    are compared by the arm of the block before. Where every block is a switch the block
    before is always of the other arm; there the second half of each block's kept rows
    is compared with the first, by arm.

    References
    ----------
    Bojinov, Simchi-Levi and Zhao, "Design and Analysis of Switchback Experiments",
    Management Science 69 (2023), section 5, on the order of carry-over.
    """
    early = _early_effect(rows.loc[~kept])
    if np.isfinite(early):
        diagnostics["effect_right_after_switch"] = early
        diagnostics["effect_gained_after_carryover"] = effect - early
    used = rows.loc[kept]
    found = _by_block_before(used, rows)
    words = "outcome after a treated block less that after an untreated one"
    if found is None:
        found = _second_half(used)
        words = "change of the effect from the first half of the rows kept to the second"
    if found is None:
        return untestable(NAME, STATEMENT, ADVICE)
    value, p_value = found
    diagnostics["carryover_difference"] = value
    diagnostics["carryover_p_value"] = p_value
    state = state_of_test(p_value)
    return Assumption(
        name=NAME,
        statement=STATEMENT,
        tested=True,
        statistic=value,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"{words}: {value:.4g} (p {p_value:.3g})",
        advice="" if state == "holds" else ADVICE,
    )


def _early_effect(rows: pd.DataFrame) -> float:
    """Return treated less untreated of the rows left out; NaN without both."""
    means = rows.groupby("treated")["outcome"].mean()
    return float(means.loc[1.0] - means.loc[0.0]) if means.size == 2 else float("nan")


def _by_block_before(
    used: pd.DataFrame, rows: pd.DataFrame
) -> tuple[float, float] | None:
    """Compare blocks of one arm by the arm before; None if one cell has too few."""
    where = [name for name in ("market",) if name in rows]
    blocks = rows.groupby("block", sort=True).agg(
        period=("period", "min"),
        treated=("treated", "first"),
        **{name: (name, "first") for name in where},
    )
    ordered = blocks.sort_values([*where, "period"])
    before = ordered.groupby(where)["treated"] if where else ordered["treated"]
    ordered["before"] = before.shift()
    ordered["mean"] = used.groupby("block")["outcome"].mean()
    ordered = ordered.dropna(subset=["before", "mean"])
    cells = [
        ordered.loc[
            (ordered["treated"] == arm) & (ordered["before"] == earlier), "mean"
        ].to_numpy(dtype=np.float64)
        for arm in (0.0, 1.0)
        for earlier in (0.0, 1.0)
    ]
    return _contrast(cells, np.array([-0.5, 0.5, -0.5, 0.5]))


def _second_half(used: pd.DataFrame) -> tuple[float, float] | None:
    """Compare second with first halves of blocks, treated with untreated."""
    place = used.groupby("block")["period"].rank(method="dense", pct=True)
    halves = used.assign(half=np.where(place > 0.5, "late", "early"))
    means = halves.pivot_table("outcome", "block", "half", aggfunc="mean")
    if "early" not in means:
        return None
    change = (means["late"] - means["early"]).dropna()
    treated = used.groupby("block")["treated"].first().loc[change.index]
    cells = [change[treated == arm].to_numpy(dtype=np.float64) for arm in (0.0, 1.0)]
    return _contrast(cells, np.array([-1.0, 1.0]))


def _contrast(cells: list[Floats], weights: Floats) -> tuple[float, float] | None:
    """Return a contrast of means and its p value, each cell with its own variance."""
    if min(cell.size for cell in cells) < _CELL_BLOCKS:
        return None
    value = float(weights @ [cell.mean() for cell in cells])
    parts = weights**2 * [cell.var(ddof=1) / cell.size for cell in cells]
    variance = float(parts.sum())
    if variance == 0:
        return value, 1.0 if value == 0 else 0.0
    freedom = variance**2 / float((parts**2 / [cell.size - 1 for cell in cells]).sum())
    return value, float(2 * stats.t.sf(abs(value) / np.sqrt(variance), freedom))
