"""How often the chosen interval covers, on copies of the user's own data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from assay.causal.copies import copier
from assay.causal.plan import Plan
from assay.causal.report.words import amount
from assay.errors import AssayError, DataError
from assay.pages import Grid, Section

Outcome: TypeAlias = tuple[float, float, float]
Runner: TypeAlias = Callable[[Callable[[int], Outcome], Sequence[int]], Iterable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Coverage of a design's interval where the effect is known.

    Attributes
    ----------
    design : str
    level : float
        Coverage that the interval promises.
    planted : float
        Effect of every copy.
    scheme : str
        How the copies came about.
    seed : int
    n_copies, n_failed, n_covered : int
        Copies, those that the design refused, and intervals that held the effect.
    bias, mean_width : float
        Mean estimate minus planted effect; mean width of the intervals.
    """

    design: str
    level: float
    planted: float
    scheme: str
    seed: int
    n_copies: int
    n_failed: int
    n_covered: int
    bias: float
    mean_width: float

    @property
    def coverage(self) -> float:
        """Share of intervals that hold the planted effect."""
        return self.n_covered / (self.n_copies - self.n_failed)

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper-Pearson interval of the coverage, at 95 %."""
        n = self.n_copies - self.n_failed
        low = stats.beta.ppf(0.025, self.n_covered, n - self.n_covered + 1)
        high = stats.beta.ppf(0.975, self.n_covered + 1, n - self.n_covered)
        return (
            float(low) if self.n_covered else 0.0,
            float(high) if self.n_covered < n else 1.0,
        )

    @property
    def is_kept(self) -> bool:
        """Whether the promise is compatible with what was counted, or exceeded."""
        return self.interval[1] >= self.level

    def section(self) -> Section:
        """Return the certificate as a section of a report."""
        low, high = self.interval
        word = "keeps" if self.is_kept else "does not keep"
        rows = (
            ("promised", f"{self.level:.1%}"),
            ("counted", f"{self.coverage:.1%} ({low:.1%} to {high:.1%})"),
            ("copies", f"{self.n_copies:,}, of which refused {self.n_failed:,}"),
            ("planted effect", amount(self.planted)),
            ("bias", amount(self.bias)),
            ("mean width of the interval", amount(self.mean_width)),
            ("how a copy comes about", self.scheme),
            ("seed", str(self.seed)),
        )
        return Section(
            title="Coverage certificate",
            paragraphs=(
                f"On copies of these data the interval {word} its promise. This checks "
                "the arithmetic on data of this size and shape; it does not check the "
                "assumptions.",
            ),
            grids=(Grid(("what", "value"), rows),),
        )


def in_a_row(work: Callable[[int], Outcome], copies: Sequence[int]) -> Iterable[Outcome]:
    """Run the copies one after the other; the default runner."""
    return map(work, copies)


def coverage_certificate(
    frame: pd.DataFrame,
    plan: Plan,
    *,
    planted: float = 0.0,
    n_copies: int = 200,
    seed: int = 0,
    runner: Runner = in_a_row,
    tell: Callable[[float], None] | None = None,
) -> Certificate:
    """Count how often the plan's interval covers a planted effect.

    Parameters
    ----------
    frame : DataFrame
        The user's data. Not changed.
    plan : Plan
        The design to certify.
    planted : float
        Effect of the copies, in the outcome's unit.
    n_copies : int
        At least 20; 200 tell 95 % from 90 %.
    seed : int
        Copy i has the i-th stream of this seed, whoever draws it.
    runner : callable
        Runs the copies, here or elsewhere; it must keep their order. The numbers are
        the same for any number of workers.
    tell : callable, optional
        Called with the share that is done.

    Raises
    ------
    DataError
        If the design refuses more than a fifth of the copies.

    Notes
    -----
    The copies resample what the design takes as independent (rows, clusters, signs of
    residuals, blocks, donors), after the estimate was taken out of the exposed rows.
    """
    if n_copies < 20:
        raise DataError(f"{n_copies} copies say nothing of coverage; draw 20 or more")
    ordered = frame.sort_values(list(frame.columns), kind="stable", ignore_index=True)
    found = plan.how.estimate(ordered, plan.outcome, plan.options, plan.unit).estimate
    copies = copier(ordered, plan, found.value, planted)

    def work(index: int) -> Outcome:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
        copy, changed = copies.draw(rng)
        try:
            one = plan.how.estimate(copy, plan.outcome, {**plan.options, **changed})
        except AssayError:
            return (np.nan, np.nan, np.nan)
        return (one.estimate.value, *one.estimate.interval)

    rows = []
    for outcome in runner(work, range(n_copies)):
        rows.append(outcome)
        if tell is not None:
            tell(len(rows) / n_copies)
    return _certified(plan, found.level, planted, copies.scheme, seed, rows)


def _certified(
    plan: Plan,
    level: float,
    planted: float,
    scheme: str,
    seed: int,
    rows: Sequence[Outcome],
) -> Certificate:
    values, lows, highs = np.array(rows).T
    known = np.isfinite(values)
    n_failed = int(np.count_nonzero(~known))
    if n_failed > len(rows) / 5:
        raise DataError(
            f"the design refused {n_failed} of {len(rows)} copies of "
            "these data; they are too few to certify anything"
        )
    covers = known & (lows <= planted) & (planted <= highs)
    return Certificate(
        design=plan.design,
        level=level,
        planted=planted,
        scheme=scheme,
        seed=seed,
        n_copies=len(rows),
        n_failed=n_failed,
        n_covered=int(np.count_nonzero(covers)),
        bias=float(values[known].mean() - planted),
        mean_width=float((highs - lows)[known].mean()),
    )
