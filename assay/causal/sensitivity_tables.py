"""How an estimate moves when its design is bent: tables from any design's result."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from assay.causal.estimate import CausalResult

CaptionedTable = tuple[str, pd.DataFrame]


def sensitivity_tables(result: CausalResult) -> tuple[CaptionedTable, ...]:
    """Return the tables that say how far the number can be trusted, with captions.

    Parameters
    ----------
    result : CausalResult
        Of any design; one without such tables gives none.
    """
    by_attribute = (
        ("checks", _checks),
        ("event_times", _honest),
        ("left_out", _left_out),
        ("hidden_confounder", _hidden_confounder),
        ("rosenbaum", _rosenbaum),
        ("anderson_rubin", _anderson_rubin),
    )
    found = []
    for attribute, make in by_attribute:
        if getattr(result, attribute, None) is not None:
            found += make(result)
    return tuple(found)


def _checks(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # one family's class
    return [
        (
            "Bandwidths, placebo cutoffs, donut and covariates; a jump where none can be "
            "speaks against the design",
            result.check_table(),
        )
    ]


def _honest(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # one family's class
    from assay.causal.differences import EventStudy, honest_event_study

    if not isinstance(result, EventStudy):
        return []
    times = np.asarray(result.event_times)
    if (times < result.reference_time).sum() < 1 or (times >= 0).sum() < 1:
        return []
    honest = honest_event_study(result)
    caption = (
        "First period after the start, if trends broke by up to so many times their "
        "largest break before (Rambachan and Roth 2023)"
    )
    return [(caption, honest.table())]


def _left_out(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # one family's class
    rows = [dataclasses.asdict(one) for one in result.left_out]
    if not rows:
        return []
    return [("The estimate without each donor that has weight", pd.DataFrame(rows))]


def _hidden_confounder(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # likewise
    found = result.hidden_confounder
    row = {
        "E-value of the estimate": found.point,
        "E-value of the interval's end": found.limit,
    }
    caption = (
        "Risk ratio that a hidden cause would need with treatment and with outcome to "
        "explain the estimate away (VanderWeele and Ding 2017)"
    )
    return [(caption, pd.DataFrame([row]))]


def _rosenbaum(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # one family's class
    found = result.rosenbaum
    table = pd.DataFrame({"odds of treatment": found.gammas, "largest p": found.p_upper})
    caption = (
        "Largest p value if a hidden cause multiplied the odds of treatment by so much "
        "within a pair (Rosenbaum 2002)"
    )
    return [(caption, table)]


def _anderson_rubin(result: Any) -> list[CaptionedTable]:  # noqa: ANN401 # likewise
    found = result.anderson_rubin
    table = pd.DataFrame(found.pieces, columns=["lower", "upper"])
    return [("Anderson-Rubin set, valid however weak the first stage", table)]
