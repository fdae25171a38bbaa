"""Several designs for one question, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from assay.causal.figures import MUTED, OTHERS, TREATED, blank
from assay.causal.report.words import ESTIMAND_NAMES, STATE_WORDS, amount
from assay.causal.withholding import Answer, png
from assay.errors import ConfigError
from assay.pages import Grid, Picture, Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Triangulation:
    """Answers to one question by several designs.

    Attributes
    ----------
    answers : tuple of Answer
        In the order asked; a withheld one has a row and no number.
    shared : tuple of two float, or None
        Values inside every shown interval; None where there are none, or fewer than
        two numbers are shown.
    """

    answers: tuple[Answer, ...]
    shared: tuple[float, float] | None

    @property
    def n_shown(self) -> int:
        """Designs whose number is shown."""
        return sum(not answer.is_withheld for answer in self.answers)

    def table(self) -> pd.DataFrame:
        """Return one row a design; a withheld number is missing."""
        rows = []
        for answer in self.answers:
            one = answer.shown.estimate if answer.shown else None
            rows.append(
                {
                    "design": answer.plan.design,
                    "estimand": answer.plan.estimand,
                    "verdict": answer.verdict,
                    "value": one.value if one else np.nan,
                    "lower": one.interval[0] if one else np.nan,
                    "upper": one.interval[1] if one else np.nan,
                    "p_value": one.p_value if one else np.nan,
                }
            )
        return pd.DataFrame(rows)

    def finding(self) -> str:
        """Return in a sentence whether the designs agree."""
        n, hidden = self.n_shown, len(self.answers) - self.n_shown
        withheld = f" {hidden} of {len(self.answers)} are withheld." if hidden else ""
        if n < 2:
            return f"{n} design shows a number, so there is nothing to compare.{withheld}"
        if self.shared is None:
            return (
                f"The {n} designs that show a number disagree: no value lies in all "
                f"their intervals. At least one of them rests on something untrue, or "
                f"they are about different rows.{withheld}"
            )
        low, high = self.shared
        return (
            f"All {n} intervals hold the values from {amount(low)} to {amount(high)}. "
            "They use the same rows, so their agreement is not independent evidence."
            f"{withheld}"
        )

    def plots(self) -> dict[str, Figure]:
        """Draw the forest plot: one line a design, withheld ones without a mark."""
        unit = next((a.plan.unit for a in self.answers if a.plan.unit), "effect")
        figure, axes = blank(unit, "")
        figure.set_size_inches(7.2, 1.4 + 0.5 * len(self.answers))
        for row, answer in enumerate(self.answers):
            if answer.shown is None:
                axes.text(
                    0.5, row, "withheld", color=MUTED, ha="center", va="center",
                    transform=axes.get_yaxis_transform(),
                )  # fmt: skip
                continue
            one = answer.shown.estimate
            color = OTHERS if answer.verdict == "report" else TREATED
            axes.plot(one.interval, [row, row], color=color, linewidth=2)
            axes.plot([one.value], [row], "o", color=color)
        if self.shared:
            axes.axvspan(*self.shared, color="#dfe9f3", zorder=0)
        axes.axvline(0, color=MUTED, linewidth=0.8)
        titles = [answer.plan.how.title for answer in self.answers]
        axes.set_yticks(range(len(titles)), titles, fontsize=8)
        axes.set_ylim(len(titles) - 0.5, -0.5)
        axes.grid(visible=False)
        return {"forest": figure}


def triangulate(answers: Sequence[Answer]) -> Triangulation:
    """Put the answers to one question side by side.

    Parameters
    ----------
    answers : sequence of Answer
        Two or more, of one question, outcome and set of rows.

    Raises
    ------
    ConfigError
        If there are fewer than two, or they are about different things.
    """
    asked = sorted({(a.plan.question, a.plan.outcome, a.data_digest) for a in answers})
    if len(answers) < 2 or len(asked) != 1:
        raise ConfigError(
            f"{len(answers)} answers to {len(asked)} pairs of question and rows; "
            "triangulation takes two or more to the same question from the same rows"
        )
    shown = [a.shown.estimate.interval for a in answers if a.shown]
    low = max((ends[0] for ends in shown), default=np.nan)
    high = min((ends[1] for ends in shown), default=np.nan)
    agree = len(shown) > 1 and low <= high
    return Triangulation(tuple(answers), (low, high) if agree else None)


def triangulation_section(found: Triangulation) -> Section:
    """Return the table and the forest plot as a section of a report."""
    rows = []
    for answer in found.answers:
        name = ESTIMAND_NAMES.get(answer.plan.estimand, answer.plan.estimand)
        cells = ("withheld", "", "")
        if answer.shown:
            one = answer.shown.estimate
            low, high = (amount(end) for end in one.interval)
            cells = (amount(one.value), f"{low} to {high}", f"{one.p_value:.3g}")
        rows.append((answer.plan.how.title, name, STATE_WORDS[answer.verdict], *cells))
    columns = ("design", "of", "verdict", "value", "interval", "p")
    return Section(
        title="Other designs for the same question",
        paragraphs=(found.finding(),),
        grids=(Grid(columns, tuple(rows)),),
        pictures=tuple(
            Picture(name, png(figure), "Every admissible design, with its interval")
            for name, figure in found.plots().items()
        ),
    )
