"""What the business sees of a champion: approvals, defaults, cost, overrides, service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.contract import DecisionRule
from assay.errors import DataError
from assay.evaluation.interval import Interval, normal_interval, share_interval

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LATENCIES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class BusinessMetrics:
    """Figures of one window; what was not supplied is absent.

    Attributes
    ----------
    n_rows : int
        Decisions.
    shares : dict of str to Interval
        ``approval_rate``; ``default_rate`` of approved decisions with a known label;
        ``override_rate``, ``complaint_rate``, ``refused_rate`` (outside the contract,
        status 422) and ``error_rate`` (status 500 and above) where supplied.
    cost : Interval or None
        Cost a decision with a known label, in the contract's unit; None without labels.
    loss, revenue : Interval or None
        What of it came from approved decisions that turned bad, and what those that did
        not brought in (a negative cost), a decision with a known label.
    score_quantiles : dict of float to float
        Quantiles of the probabilities.
    latency_ms : dict of float to float
        Quantiles of the latency in milliseconds; empty where not supplied.
    """

    n_rows: int
    shares: dict[str, Interval]
    cost: Interval | None
    loss: Interval | None
    revenue: Interval | None
    score_quantiles: dict[float, float]
    latency_ms: dict[float, float]


def business_metrics(decisions: pd.DataFrame, rule: DecisionRule) -> BusinessMetrics:
    """Return the business's figures of one window.

    Parameters
    ----------
    decisions : DataFrame
        ``probability`` (NaN where refused) and ``decision``; optional: ``label`` (NaN
        where not known), ``overridden``, ``complained`` (booleans), ``status`` (of
        HTTP) and ``latency_ms``.
    rule : DecisionRule
        The contract's actions and costs.

    Raises
    ------
    DataError
        If a column is absent or a decision is none of the rule's actions.
    """
    absent = [name for name in ("probability", "decision") if name not in decisions]
    if absent:
        raise DataError(f"decisions lack the columns {', '.join(absent)}")
    decided = decisions[decisions["decision"].notna()]
    actions = (rule.positive_action, rule.negative_action)
    odd = ~decided["decision"].isin(actions)
    if odd.any():
        raise DataError(
            f"{int(odd.sum())} decisions are neither {actions[0]!r} nor {actions[1]!r}"
        )
    approved = decided[decided["decision"] == rule.negative_action]
    shares = {"approval_rate": share_interval(len(approved), len(decided))}
    if "label" in decided:
        known = approved["label"].dropna()
        shares["default_rate"] = share_interval(float(known.sum()), len(known))
    for name, column in (
        ("override_rate", "overridden"),
        ("complaint_rate", "complained"),
    ):
        if column in decided:
            stated = decided[column].dropna()
            shares[name] = share_interval(float(stated.sum()), len(stated))
    if "status" in decisions:
        status, n_rows = decisions["status"], len(decisions)
        shares["refused_rate"] = share_interval(float((status == 422).sum()), n_rows)
        shares["error_rate"] = share_interval(float((status >= 500).sum()), n_rows)
    scores = decided["probability"].dropna()
    cost, loss, revenue = _cost(decided, rule) if "label" in decided else (None,) * 3
    return BusinessMetrics(
        n_rows=len(decided),
        shares=shares,
        cost=cost,
        loss=loss,
        revenue=revenue,
        score_quantiles=_quantiles(scores, QUANTILES),
        latency_ms=_quantiles(decisions["latency_ms"].dropna(), LATENCIES)
        if "latency_ms" in decisions
        else {},
    )


def _cost(
    decided: pd.DataFrame, rule: DecisionRule
) -> tuple[Interval | None, Interval | None, Interval | None]:
    """Return cost, loss and revenue a decision with a known label."""
    known = decided[decided["label"].notna()]
    if known.empty:
        return None, None, None
    costs, is_bad = rule.costs, known["label"].to_numpy() == 1
    adverse = known["decision"].to_numpy() == rule.positive_action
    each = np.where(
        adverse,
        np.where(is_bad, costs.true_positive, costs.false_positive),
        np.where(is_bad, costs.false_negative, costs.true_negative),
    )
    loss = np.where(~adverse & is_bad, each, 0.0)
    revenue = np.where(~adverse & ~is_bad, np.maximum(-each, 0.0), 0.0)
    return _mean(each), _mean(loss), _mean(revenue)


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Interval:
    spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return normal_interval(float(values.mean()), spread / np.sqrt(len(values)))


def _quantiles(values: pd.Series, shares: tuple[float, ...]) -> dict[float, float]:
    if values.empty:
        return {}
    found = np.quantile(values.to_numpy(dtype=np.float64), shares)
    return {share: float(value) for share, value in zip(shares, found, strict=True)}
