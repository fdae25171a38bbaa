"""What a jump rests on, and what the data say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.causal.assumptions import Assumption, State, limit, state_of_test, untestable
from assay.causal.discontinuity.checks import Check
from assay.causal.discontinuity.density import DensityJump
from assay.causal.discontinuity.jump import Jump

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything the assumptions are judged by."""

    jump: Jump
    sign: float
    n_values: tuple[int, int]
    density: DensityJump
    covariates: Sequence[Check]
    placebos: Sequence[Check]
    sweep: Sequence[Check]
    donut: Sequence[Check]
    is_fuzzy: bool
    off_rule: float | None = None


def assess(evidence: Evidence) -> tuple[Assumption, ...]:
    """Return the assumptions with their states, in the order of a report."""
    found = [_density(evidence.density)]
    if evidence.covariates:
        found.append(_covariates(evidence.covariates))
    found.append(_local_rows(evidence))
    if evidence.off_rule is not None:
        found.append(_rule(evidence.off_rule))
    if evidence.is_fuzzy:
        found.append(_first_stage(evidence.jump))
    if evidence.placebos:
        found.append(_placebos(evidence.placebos))
    found.append(_sensitivity(evidence))
    found.append(
        untestable(
            "nothing else at the cutoff",
            "no other rule switches at the same value",
            "ask the owners of the running variable for every rule that reads it",
        )
    )
    return tuple(found)


def _density(found: DensityJump) -> Assumption:
    state = state_of_test(found.p_value)
    return Assumption(
        name="no bunching at the cutoff",
        statement="nobody moves the running variable from one side to the other",
        tested=True,
        statistic=found.statistic,
        p_value=found.p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"density {found.left:.4g} left and {found.right:.4g} right of the "
        f"cutoff (p = {found.p_value:.2g})",
        advice=""
        if state == "holds"
        else "rows beside the cutoff are not comparable: find out who can move the "
        "running variable, leave out the rows next to the cutoff, or bound the effect",
    )


def _covariates(checks: Sequence[Check]) -> Assumption:
    adjusted = holm([check.robust_p_value for check in checks])
    worst = int(np.argmin(adjusted))
    p_value = float(adjusted[worst])
    state = state_of_test(p_value)
    return Assumption(
        name="covariates continuous",
        statement="what was fixed before treatment does not jump at the cutoff",
        tested=True,
        statistic=checks[worst].jump,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"smallest of {len(checks)} p values, adjusted for their number: "
        f"{p_value:.3g} ({checks[worst].label})",
        advice=""
        if state == "holds"
        else "the sides differ in more than treatment: look for sorting or another rule",
    )


def _local_rows(evidence: Evidence) -> Assumption:
    fewest = min(evidence.jump.n_effective)
    values = min(evidence.n_values)
    state: State = "holds"
    if fewest < limit("local_rows_doubtful") or values < limit("local_values_doubtful"):
        state = "broken" if fewest < limit("local_rows_broken") else "doubtful"
    left, right = evidence.jump.n_effective
    return Assumption(
        name="enough rows at the cutoff",
        statement="there are rows to compare near the cutoff on both sides",
        tested=True,
        statistic=float(fewest),
        threshold=limit("local_rows_doubtful"),
        state=state,
        finding=f"{left} rows left and {right} right within the bandwidth, at "
        f"{evidence.n_values[0]} and {evidence.n_values[1]} distinct values",
        advice=""
        if state == "holds"
        else "collect more rows near the cutoff, or treat the few values around it as "
        "a local experiment",
    )


def _rule(share: float) -> Assumption:
    state: State = "holds" if share <= limit("off_rule_share") else "broken"
    return Assumption(
        name="the rule was followed",
        statement="all rows on one side of the cutoff are treated, none on the other",
        tested=True,
        statistic=share,
        threshold=limit("off_rule_share"),
        state=state,
        finding=f"{share:.2%} of the rows within the bandwidth were treated otherwise",
        advice="" if state == "holds" else "use fuzzy_jump with the treatment received",
    )


def _first_stage(jump: Jump) -> Assumption:
    error = jump.treatment_standard_error
    f = (jump.treatment_jump / error) ** 2 if error > 0 else float("inf")
    state: State = "holds" if f >= limit("first_stage_f") else "broken"
    return Assumption(
        name="the cutoff moves treatment",
        statement="crossing the cutoff changes who is treated",
        tested=True,
        statistic=float(f),
        threshold=limit("first_stage_f"),
        state=state,
        finding=f"treatment jumps by {jump.treatment_jump:.3g} (F = {f:.3g})",
        advice=""
        if state == "holds"
        else "report the jump of the outcome itself; of the ratio only the "
        "Anderson-Rubin set in the diagnostics keeps its level",
    )


def _placebos(checks: Sequence[Check]) -> Assumption:
    adjusted = holm([check.robust_p_value for check in checks])
    worst = int(np.argmin(adjusted))
    p_value = float(adjusted[worst])
    # Curvature far from the cutoff makes false alarms, so this never withholds.
    state: State = "doubtful" if p_value < limit("test_level") else "holds"
    return Assumption(
        name="no jump elsewhere",
        statement="the outcome does not jump where no rule switches",
        tested=True,
        statistic=checks[worst].jump,
        p_value=p_value,
        threshold=limit("test_level"),
        state=state,
        finding=f"smallest of {len(checks)} p values, adjusted for their number: "
        f"{p_value:.3g} (at {checks[worst].label})",
        advice=""
        if state == "holds"
        else "look at the plot there: another rule, or a curve that a line cannot follow",
    )


def _sensitivity(evidence: Evidence) -> Assumption:
    own = evidence.sign * evidence.jump.bias_corrected
    error = evidence.jump.robust_standard_error
    worst, label = 0.0, "no other choice"
    for check in (*evidence.sweep, *evidence.donut):
        # One estimate nearly contains the other's rows, so their difference has about
        # the difference of their variances (Hausman), never less than a tenth.
        variance = abs(check.robust_standard_error**2 - error**2)
        scale = np.sqrt(max(variance, 0.1 * error**2))
        distance = abs(check.bias_corrected - own) / scale if scale > 0 else 0.0
        if distance > worst:
            worst, label = float(distance), f"{check.kind} {check.label}"
    state: State = "doubtful" if worst > limit("sensitivity_errors") else "holds"
    return Assumption(
        name="stable under other choices",
        statement="half and twice the bandwidth, and a donut, tell the same story",
        tested=True,
        statistic=worst,
        threshold=limit("sensitivity_errors"),
        state=state,
        finding=f"farthest is {label}, {worst:.1f} standard errors of the difference off",
        advice=""
        if state == "holds"
        else "show the sweep; prefer the smaller bandwidth or a quadratic",
    )


def holm(p_values: Sequence[float]) -> Floats:
    """Return p values adjusted for their number by Holm's method, in the given order.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
