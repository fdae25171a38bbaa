"""What a propensity design rests on, checked against the registered thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.causal.assumptions import Assumption, State, limit, untestable
from assay.causal.propensity.balance import Balance
from assay.causal.propensity.overlap import Overlap
from assay.causal.propensity.weights import Estimand

_WHO: dict[Estimand, str] = {
    "ate": "everybody",
    "att": "the treated",
    "atc": "the untreated",
    "ato": "rows in the overlap",
}


def assess_design(
    overlap: Overlap, balance: Sequence[Balance], estimand: Estimand, *, advice: str
) -> tuple[Assumption, ...]:
    """Return the assumptions of a propensity design with their states.

    Parameters
    ----------
    overlap : Overlap
    balance : sequence of Balance
    estimand : {"ate", "att", "atc", "ato"}
    advice : str
        What the sensitivity figures say about a hidden confounder.
    """
    return (
        _overlap(overlap, estimand),
        _information(overlap),
        _balance(overlap, balance),
        untestable(
            "no hidden confounding",
            "given the covariates, who was treated has nothing to do with how they "
            "would have fared",
            advice,
        ),
        untestable(
            "no interference",
            "one row's treatment does not change another row's outcome",
            "compare whole groups that do not meet, if they do",
        ),
    )


def _overlap(overlap: Overlap, estimand: Estimand) -> Assumption:
    outside = 1 - overlap.overlap_share
    state = _graded(
        outside, limit("overlap_outside_doubtful"), limit("overlap_outside_broken")
    )
    low, high = overlap.treated_range
    low_0, high_0 = overlap.untreated_range
    return Assumption(
        name="overlap",
        statement=f"{_WHO[estimand]} could have been treated and could have been not",
        tested=True,
        statistic=outside,
        threshold=limit("overlap_outside_doubtful"),
        state=state,
        finding=(
            f"{outside:.1%} of {_WHO[estimand]} have a propensity without counterpart; "
            f"it runs from {low:.3g} to {high:.3g} among treated and from {low_0:.3g} to "
            f"{high_0:.3g} among untreated rows"
        ),
        advice=""
        if state == "holds"
        else (
            "ask about rows that can be compared: estimand 'att' or 'ato', or "
            "trim='crump'; the answer is then about them"
        ),
    )


def _information(overlap: Overlap) -> Assumption:
    rows = min(overlap.effective_treated, overlap.effective_untreated)
    state: State = "holds"
    if rows < limit("effective_rows_doubtful") or overlap.effective_share < limit(
        "effective_share_doubtful"
    ):
        state = "doubtful"
    if rows < limit("effective_rows_broken"):
        state = "broken"
    return Assumption(
        name="enough comparable rows",
        statement="the comparison does not rest on a handful of heavy rows",
        tested=True,
        statistic=overlap.effective_share,
        threshold=limit("effective_share_doubtful"),
        state=state,
        finding=(
            f"weighting leaves the information of {overlap.effective_treated:.1f} "
            f"treated and {overlap.effective_untreated:.1f} untreated rows, "
            f"{overlap.effective_share:.2%} of the reweighted arm; the heaviest row "
            f"carries {overlap.largest_weight_share:.2%} of its arm"
        ),
        advice=""
        if state == "holds"
        else "trim, choose estimand 'ato', or draw a comparison group that is more alike",
    )


def _balance(overlap: Overlap, balance: Sequence[Balance]) -> Assumption:
    if not balance:
        return untestable(
            "balance", "adjustment made the arms alike", "list the covariates that matter"
        )
    worst = max(balance, key=lambda row: abs(row.adjusted))
    spread = max(balance, key=lambda row: _fold(row.variance_ratio))
    # With few rows, gaps of this size are what chance leaves of perfect adjustment.
    chance = 3 * float(
        np.sqrt(1 / overlap.effective_treated + 1 / overlap.effective_untreated)
    )
    gap = abs(worst.adjusted)
    state = _graded(
        gap,
        limit("balance_doubtful"),
        max(limit("balance_broken"), chance),
    )
    if state == "holds" and _fold(spread.variance_ratio) > limit(
        "variance_ratio_doubtful"
    ):
        state = "doubtful"
    return Assumption(
        name="balance",
        statement="weighting or matching made the arms alike in every covariate",
        tested=True,
        statistic=gap,
        threshold=limit("balance_doubtful"),
        state=state,
        finding=(
            f"the largest standardised difference left is {worst.adjusted:+.3f} "
            f"({worst.covariate}, {worst.raw:+.3f} before); the variance ratio farthest "
            f"from 1 is {spread.variance_ratio:.2f} ({spread.covariate})"
        ),
        advice=""
        if state == "holds"
        else (
            f"let the propensity bend in {worst.covariate} (a square, a product, "
            "boosting), match closer with a caliper, or use a doubly robust estimate"
        ),
    )


def _fold(ratio: float) -> float:
    return max(ratio, 1 / ratio) if ratio > 0 else float("inf")


def _graded(value: float, doubtful: float, broken: float) -> State:
    if value > broken:
        return "broken"
    return "doubtful" if value > doubtful else "holds"
