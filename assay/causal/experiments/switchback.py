"""Switchback: one market, treated in some time blocks and not in others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.assumptions import Assumption, limit
from assay.causal.estimate import Estimate, two_sided_p
from assay.causal.experiments.arms import Arms
from assay.causal.experiments.carryover import carryover_assumption
from assay.causal.experiments.clustered import ClusterDifference, cluster_difference
from assay.causal.panel import Floats, binary, numeric, present, refuse_constant
from assay.errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Switchback:
    """Result of :func:`switchback`.

    Attributes
    ----------
    estimate : Estimate
        ATE over the rows after the carry-over periods, errors from the blocks.
    diagnostics : mapping of str to float
        Blocks, rows left out, autocorrelation of blocks, carry-over seen.
    assumptions : tuple of Assumption
        Blocks, independence of blocks, carry-over.
    arms : Arms
        Rows and means by arm.
    block_means : ndarray of shape (n_blocks, 3)
        First period, treatment and mean outcome of each block, in order of time.
    """

    estimate: Estimate
    diagnostics: Mapping[str, float]
    assumptions: tuple[Assumption, ...]
    arms: Arms
    block_means: Floats

    def plots(self) -> dict[str, Figure]:
        """Draw the block means over time, coloured by treatment."""
        from assay.causal.experiments.plots import switchback_figures

        return switchback_figures(self)


def switchback(
    frame: pd.DataFrame,
    *,
    outcome: str,
    treated: str,
    period: str,
    market: str | None = None,
    block: str | None = None,
    carryover_periods: float = 0,
    n_draws: int = 0,
    seed: int = 0,
    level: float = 0.95,
    unit: str = "",
) -> Switchback:
    """Estimate the ATE of a treatment switched on and off over time.

    Parameters
    ----------
    frame : DataFrame
        One row an observation. Not changed.
    outcome, treated, period : str
        Numeric outcome, 0/1 treatment in force, numeric time.
    market : str, optional
        Column of markets that switch on their own schedules.
    block : str, optional
        Column of the blocks that were randomised. Give it where neighbouring blocks
        can have the same treatment; otherwise every switch starts a block.
    carryover_periods : float, default=0
        Leave out rows less than this after the start of a block, while the state left
        by the block before wears off.
    n_draws, seed
        Randomisation inference over blocks, as in ``mean_difference``.
    level, unit
        As in :class:`~assay.causal.estimate.Estimate`.

    Raises
    ------
    DataError
        If a market has both treatments in one period, or an arm has fewer than two
        blocks left.

    Notes
    -----
    A treatment that lasts longer than `carryover_periods` biases the estimate towards
    zero; compare several values.

    References
    ----------
    .. [1] I. Bojinov, D. Simchi-Levi and J. Zhao, "Design and Analysis of Switchback
       Experiments", Management Science 69 (2023).
    """
    refuse_constant(frame, outcome)
    keys = [name for name in (market, block) if name is not None]
    rows = _read(frame, outcome, treated, period, keys)
    rows = _in_blocks(rows, market, block)
    kept = _settled(rows, carryover_periods)
    found = cluster_difference(
        rows.loc[kept],
        outcome="outcome",
        treated="treated",
        cluster=BLOCK,
        n_draws=n_draws,
        seed=seed,
        level=level,
        unit=unit,
    )
    means = _block_means(rows.loc[kept])
    diagnostics = {**found.diagnostics, "left_out_share": float(1 - kept.mean())}
    assumptions = _assumptions(rows, kept, means, found, market, diagnostics)
    return Switchback(
        found.estimate, diagnostics, assumptions, found.arms,
        means[["period", "treated", "outcome"]].to_numpy(dtype=np.float64),
    )  # fmt: skip


def _read(
    frame: pd.DataFrame, outcome: str, treated: str, period: str, keys: Sequence[str]
) -> pd.DataFrame:
    present(frame, [outcome, treated, period, *keys])
    rows = pd.DataFrame(
        {
            "outcome": numeric(frame, outcome),
            "treated": binary(frame, treated),
            "period": numeric(frame, period),
        }
    )
    for name in keys:
        rows[name] = frame[name].to_numpy()
    return rows


def _in_blocks(rows: pd.DataFrame, market: str | None, block: str | None) -> pd.DataFrame:
    """Return the rows in order of time, with the number of their block."""
    order = [*([market] if market else []), "period", "treated", "outcome"]
    rows = rows.sort_values(order, ignore_index=True)
    rows[BLOCK] = _blocks(rows, market, block)
    return rows


def _settled(rows: pd.DataFrame, carryover_periods: float) -> pd.Series[bool]:
    """Return which rows lie beyond the carry-over of the block before."""
    first = rows.groupby(BLOCK)["period"].transform("min")
    kept = (rows["period"] - first) >= carryover_periods
    if not kept.any():
        raise DataError(
            f"no row lies {carryover_periods:g} or more periods after the start of its "
            "block; shorten carryover_periods or lengthen the blocks"
        )
    return kept


def _blocks(rows: pd.DataFrame, market: str | None, block: str | None) -> pd.Series[int]:
    where = [market] if market else []
    per_period = rows.groupby([*where, "period"])["treated"].nunique()
    n_mixed = int((per_period > 1).sum())
    if n_mixed:
        raise DataError(
            f"{n_mixed} of {per_period.size} periods have both treatments in one market; "
            "a switchback has one at a time: name the market column"
        )
    if block is not None:
        return rows.groupby([*where, block], sort=True).ngroup()
    starts = rows["treated"].diff().ne(0)
    if market:
        starts |= rows[market].ne(rows[market].shift())
    return starts.astype("int64").cumsum()


def _block_means(rows: pd.DataFrame) -> pd.DataFrame:
    table = rows.groupby(BLOCK, sort=True).agg(
        period=("period", "min"),
        treated=("treated", "first"),
        outcome=("outcome", "mean"),
    )
    return table.sort_values(["period", "treated", "outcome"], ignore_index=True)


def _assumptions(
    rows: pd.DataFrame,
    kept: pd.Series[bool],
    means: pd.DataFrame,
    found: ClusterDifference,
    market: str | None,
    diagnostics: dict[str, float],
) -> tuple[Assumption, ...]:
    named = rows.assign(market=rows[market]) if market else rows
    residual = means["outcome"] - means.groupby("treated")["outcome"].transform("mean")
    return (
        *(a for a in found.assumptions if a.name == "enough clusters"),
        _independent_blocks(residual.to_numpy(dtype=np.float64), diagnostics),
        carryover_assumption(
            named, kept.to_numpy(dtype=bool), found.estimate.value, diagnostics
        ),
    )


def _independent_blocks(residual: Floats, diagnostics: dict[str, float]) -> Assumption:
    total = float(residual @ residual)
    lag = float(residual[1:] @ residual[:-1] / total) if total else 0.0
    # Under independence the first autocorrelation has variance about 1/n.
    p_value = two_sided_p(lag, 1 / np.sqrt(residual.size))
    diagnostics["block_autocorrelation"] = lag
    level = limit("residual_autocorrelation_p")
    bad = p_value < level and lag > 0
    return Assumption(
        name="independent blocks",
        statement="what moved one block's outcome did not also move the next one's",
        tested=True,
        statistic=lag,
        p_value=p_value,
        threshold=level,
        state="doubtful" if bad else "holds",
        finding=f"neighbouring blocks correlate {lag:+.2f} (p {p_value:.3g})",
        advice="use longer blocks, or add controls for time of day and week"
        if bad
        else "",
    )
