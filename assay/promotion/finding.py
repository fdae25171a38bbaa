"""A rule that was judged: kept, failed, or shown without a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from assay.promotion.evidence import Measured

Verdict: TypeAlias = Literal["kept", "failed", "shown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule with its verdict and the figures that it was judged on."""

    verdict: Verdict
    sentence: str


def judged(kept: bool, subject: str, figures: str, demand: str, origin: str) -> Finding:
    """Return a finding; without an origin the figures count as no evidence."""
    if not origin:
        return absent(subject, f"{demand}; nothing says what its figures came from")
    sentence = f"{subject}: {figures}, {demand}; from {origin}"
    return Finding("kept" if kept else "failed", sentence)


def absent(subject: str, demand: str) -> Finding:
    """Return the failure of a rule whose evidence is missing or not a number."""
    return Finding("failed", f"{subject}: no evidence, {demand}")


def unjudged(subject: str, figures: str, reason: str, origin: str) -> Finding:
    """Return figures that are shown and not judged, with the reason."""
    return Finding("shown", f"{subject}: {figures}, {reason}; from {origin or 'nowhere'}")


def at_least(
    subject: str, found: Measured | None, limit: float, origin: str, sign: str = ""
) -> Finding:
    """Judge the lower end of an interval by a floor."""
    demand = f"must be at least {limit:g}"
    if found is None or not is_whole(found):
        return absent(subject, demand)
    return judged(found.low >= limit, subject, shown(found, sign), demand, origin)


def at_most(
    subject: str, found: Measured | None, limit: float, origin: str, sign: str = ""
) -> Finding:
    """Judge the upper end of an interval by a ceiling."""
    demand = f"must be at most {limit:g}"
    if found is None or not is_whole(found):
        return absent(subject, demand)
    return judged(found.high <= limit, subject, shown(found, sign), demand, origin)


def between(
    subject: str, found: Measured | None, low: float, high: float, origin: str
) -> Finding:
    """Judge whether an interval lies wholly inside two bounds."""
    demand = f"must lie between {low:g} and {high:g}"
    if found is None or not is_whole(found):
        return absent(subject, demand)
    kept = low <= found.low and found.high <= high
    return judged(kept, subject, shown(found), demand, origin)


def is_whole(found: Measured) -> bool:
    """Return True where value and ends are finite and in order."""
    ends = (found.low, found.value, found.high)
    return all(math.isfinite(end) for end in ends) and found.low <= found.high


def shown(found: Measured, sign: str = "") -> str:
    """Return a figure with its interval as people read it."""
    value, low, high = (
        format(x, f"{sign}.4f") for x in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}]"
