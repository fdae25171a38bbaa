"""The promotion gate: whether a challenger may take the champion's alias."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from assay.contract.model import HIGHER_IS_BETTER, Contract, Metric


class Measured(Protocol):
    """A figure with its interval."""

    @property
    def value(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end of its interval."""


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """What the gate decided: every rule that was kept and every rule that was not.

    Attributes
    ----------
    passes, failures : tuple of str
        One sentence a rule, with the figures that it was judged on.
    """

    passes: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def promote(self) -> bool:
        """True when at least one rule was judged and none failed."""
        return bool(self.passes) and not self.failures


def decide_promotion(
    contract: Contract,
    challenger: Mapping[str, Measured],
    improvements: Mapping[str, Measured] | None,
) -> PromotionDecision:
    """Judge a challenger by the contract's floors and, against a champion, its margins.

    A rule reads the end of the interval that speaks against the challenger, so that
    thin evidence is refused like bad evidence.

    Parameters
    ----------
    contract : Contract
        Whose gates apply.
    challenger : mapping of metric to Measured
        The challenger's metrics on the holdout.
    improvements : mapping of metric to Measured, or None
        Challenger minus champion on the same rows, in the metric's own unit and
        direction, with a paired interval. None where there is no champion.

    Returns
    -------
    PromotionDecision
        It fails closed: a metric that is missing or not a number is a failure.
    """
    findings = [
        _floor(metric, floor, challenger.get(metric))
        for metric, floor in contract.gates.floors.items()
    ]
    if improvements is not None:
        findings += [
            _margin(metric, margin, improvements.get(metric))
            for metric, margin in contract.gates.margins.items()
        ]
    return PromotionDecision(
        passes=tuple(sentence for kept, sentence in findings if kept),
        failures=tuple(sentence for kept, sentence in findings if not kept),
    )


def _floor(metric: Metric, floor: float, found: Measured | None) -> tuple[bool, str]:
    higher = HIGHER_IS_BETTER[metric]
    demand = f"must be {'at least' if higher else 'at most'} {floor:g}"
    if found is None or not _is_whole(found):
        return False, f"{metric}: no evidence, {demand}"
    kept = found.low >= floor if higher else found.high <= floor
    return kept, f"{metric}: {_shown(found)}, {demand}"


def _margin(metric: Metric, margin: float, found: Measured | None) -> tuple[bool, str]:
    higher = HIGHER_IS_BETTER[metric]
    demand = (
        f"may lose at most {-margin:g}"
        if margin < 0
        else f"must gain at least {margin:g}"
    )
    if found is None or not _is_whole(found):
        return False, f"{metric} against the champion: no evidence, {demand}"
    worst_gain = found.low if higher else -found.high
    kept = worst_gain >= margin
    return kept, f"{metric} against the champion: {_shown(found, '+')}, {demand}"


def _is_whole(found: Measured) -> bool:
    ends = (found.low, found.value, found.high)
    return all(math.isfinite(end) for end in ends) and found.low <= found.high


def _shown(found: Measured, sign: str = "") -> str:
    value, low, high = (
        format(x, f"{sign}.4f") for x in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}]"
