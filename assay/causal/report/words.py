"""The words of a report: names, captions, and numbers as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.causal.withholding import Answer

STATE_WORDS: Mapping[str, str] = {
    "report": "reported",
    "warn": "reported with a warning",
    "withhold": "withheld",
    "holds": "holds",
    "doubtful": "doubtful",
    "broken": "broken",
    "untestable": "cannot be tested",
}

ESTIMAND_NAMES: Mapping[str, str] = {
    "att": "Average effect on the treated",
    "atc": "Average effect on the untreated",
    "ate": "Average effect",
    "ato": "Average effect where both arms occur",
    "late": "Effect on those whom the rule or nudge moved",
    "jump": "Jump at the cutoff",
}

DIAGNOSTIC_NAMES: Mapping[str, str] = {
    "rmspe_pre": "root mean squared gap before treatment",
    "rmspe_ratio": "gap after treatment over gap before",
    "mspe_pre": "mean squared gap before treatment",
    "effective_f": "effective F of the first stage",
    "critical_f": "critical effective F",
    "pre_trend_f": "F of the effects before the start",
    "pre_trend_p_value": "p of the effects before the start",
    "overlap_share": "share of rows with a counterpart",
    "discrimination": "AUC of treated against untreated",
    "e_value": "E-value of the estimate",
    "e_value_limit": "E-value of the interval's end",
    "standard_error_iid": "error as if rows were independent",
    "density_p_value": "p of the density test at the cutoff",
}

FIGURE_CAPTIONS: Mapping[str, tuple[bool, str]] = {
    # name: (belongs to the estimate, caption)
    "two_by_two": (True, "The two changes, and the path the treated would have taken"),
    "paths": (True, "Treated and comparison over time"),
    "gaps": (True, "Treated minus synthetic, with the donors' placebos"),
    "weights": (False, "Donors by weight"),
    "left_out": (False, "The estimate without each donor"),
    "event_study": (True, "Effect by periods since the start"),
    "event_time": (True, "Effect by periods since the start"),
    "group_time": (True, "Effect by cohort and period"),
    "jump": (True, "Binned means and the fitted curves on either side"),
    "density": (False, "Density of the running variable on either side"),
    "bandwidths": (False, "The jump by bandwidth"),
    "checks": (False, "Placebo cutoffs, donut and covariates"),
    "balance": (False, "Covariates before and after adjustment"),
    "overlap": (False, "Propensities of the treated and the untreated"),
    "anderson_rubin": (False, "Anderson-Rubin p value by effect"),
    "first_stage": (False, "Strength of the instruments"),
    "arms": (True, "Means of the arms with their intervals"),
    "adjustment": (True, "The estimate before and after adjustment"),
    "blocks": (True, "Block means by arm over time"),
    "sequence": (True, "The estimate and its always-valid interval as rows came in"),
    "series": (True, "The series, and what the trend before would have given"),
    "placebo_dates": (False, "Level changes at dates when nothing happened"),
    "qini": (True, "Gain by share treated, best first"),
    "groups": (True, "Effect by predicted group"),
    "coefficients": (False, "Slopes over their errors"),
}


def amount(value: float) -> str:
    """Return a number in four significant digits, without needless exponents.

    Examples
    --------
    >>> amount(0.051234), amount(-3692.4), amount(3.0), amount(float("nan"))
    ('0.05123', '-3,692', '3', 'not known')
    """
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "infinity" if value > 0 else "minus infinity"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def in_words(value: float, unit: str) -> str:
    """Return a signed number with its unit."""
    sign = "+" if value > 0 else ""
    return f"{sign}{amount(value)}{f' {unit}' if unit else ''}"


def headline(answer: Answer) -> str:
    """Return the answer in a sentence, or why there is none."""
    broken = [a.name for a in answer.reasons if a.state == "broken"]
    doubtful = [a.name for a in answer.reasons if a.state == "doubtful"]
    if answer.shown is None:
        return (
            f"No number is reported: {_listed(broken)} "
            f"{'is' if len(broken) == 1 else 'are'} broken in these data."
        )
    one = answer.shown.estimate
    low, high = one.interval
    found = (
        f"{ESTIMAND_NAMES.get(one.estimand, one.estimand)} on {answer.plan.outcome}: "
        f"{in_words(one.value, one.unit)} ({one.level:.0%} interval {amount(low)} to "
        f"{amount(high)})."
    )
    reach = " The interval holds zero." if low <= 0 <= high else ""
    if answer.override:
        return (
            f"{found}{reach} The checks withhold this number ({_listed(broken)}); it is "
            f"shown because {answer.override.who} overrode them."
        )
    if doubtful:
        return f"{found}{reach} To be read with a warning: {_listed(doubtful)}."
    return found + reach


def limits_of(answer: Answer) -> tuple[str, ...]:
    """Return what the answer cannot say, in sentences."""
    unseen = [a for a in answer.assumptions if a.state == "untestable"]
    told = [f"Not testable with these data: {a.name} ({a.statement})." for a in unseen]
    told += [f"{a.name}: {a.advice}." for a in answer.reasons if a.advice]
    told.append(
        "A test that finds nothing is not proof: with few rows it would miss a breach "
        "that matters."
    )
    told.append(
        "The number is of the rows and times in these data; for others it is a guess."
    )
    return tuple(text.replace("..", ".") for text in told)


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
