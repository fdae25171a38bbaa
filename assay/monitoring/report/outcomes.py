"""What became of decisions, as a page: the business, its labels, its vintages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.contract import Contract
from assay.monitoring.labels import BusinessMetrics, JoinedLabels, Realised, Vintages

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What a model's records and labels tell of it.

    Attributes
    ----------
    business : BusinessMetrics
        Of the decisions of the window.
    matured : BusinessMetrics or None
        Of the decisions whose labels matured in as many days; None without any.
    joined : JoinedLabels
        Every decision with its label, and an account of every label.
    vintages : Vintages
        Bad shares by month and age.
    realised : tuple of Realised
        Each month against what its probabilities expect; empty where too few outcomes
        have matured to say how fast they come.
    n_sealed : int
        Decisions whose inputs could not be read.
    """

    business: BusinessMetrics
    matured: BusinessMetrics | None
    joined: JoinedLabels
    vintages: Vintages
    realised: tuple[Realised, ...]
    n_sealed: int


def outcome_figures(told: Told) -> dict[str, float]:
    """Return the figures of the business by name, those that are known."""
    found = {name: one.value for name, one in told.business.shares.items()}
    if told.matured is not None:
        rate = told.matured.shares["default_rate"].value
        found |= {"matured_default_rate": rate}
        for name in ("cost", "loss", "revenue"):
            one = getattr(told.matured, name)
            found |= {f"matured_{name}": one.value} if one else {}
    found |= {
        f"latency_ms_p{share * 100:g}": value
        for share, value in told.business.latency_ms.items()
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def outcome_page(told: Told, contract: Contract) -> str:
    """Return the part of the page about decisions, labels and vintages."""
    return (
        f"\n## The business\n\n{_business(told, contract)}"
        f"\n## Labels by identifier\n\n{_labels(told)}"
        f"\n## Vintages\n\n{_vintages(told)}"
        f"\n## Realised against expected\n\n{_realised(told)}"
    )


def outcome_plots(told: Told) -> dict[str, Figure]:
    """Return the vintage curves as a picture, by name; none without a curve."""
    curves = told.vintages.curves.dropna(how="all")
    if curves.empty:
        return {}
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for place, (cohort, line) in enumerate(curves.iterrows()):
        shade = 0.15 + 0.75 * place / max(1, len(curves) - 1)
        axes.plot(
            curves.columns, 100 * line, color=(1 - shade, 0.35, shade), label=cohort
        )
    axes.set(xlabel="age in days", ylabel="known bad, %", title="Vintages by month")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, ncol=2)
    return {"vintages": figure}


def _business(told: Told, contract: Contract) -> str:
    rows = [("decisions", f"{told.business.n_rows:,}")]
    for name, one in told.business.shares.items():
        if np.isfinite(one.value):
            shown = f"{one.value:.2%} [{one.low:.2%}, {one.high:.2%}]"
            rows.append((name.replace("_", " "), shown))
    rows += [
        (f"latency, {share:.0%} below", f"{value:.2f} ms")
        for share, value in told.business.latency_ms.items()
    ]
    unit = contract.decision.costs.unit
    if told.matured is not None:
        rate = told.matured.shares["default_rate"]
        shown = f"{rate.value:.2%} [{rate.low:.2%}, {rate.high:.2%}]"
        rows.append(("default rate of approved, matured", shown))
        for name in ("cost", "loss", "revenue"):
            one = getattr(told.matured, name)
            if one is not None:
                shown = f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}] {unit}"
                rows.append((f"{name} a decision, matured", shown))
    return "| | |\n|---|---:|\n" + "".join(f"| {a} | {b} |\n" for a, b in rows)


def _labels(told: Told) -> str:
    joined = told.joined
    return (
        "| arrived | joined | repeated | superseded | unknown | corrected | late |\n"
        "|---:|---:|---:|---:|---:|---:|---:|\n"
        f"| {joined.n_arrivals:,} | {joined.n_joined:,} | {joined.n_repeated:,} | "
        f"{joined.n_superseded:,} | {joined.n_unknown:,} | {joined.n_corrected:,} | "
        f"{joined.n_late:,} |\n"
        + (f"\nSealed and not read: {told.n_sealed:,}.\n" if told.n_sealed else "")
    )


def _vintages(told: Told) -> str:
    curves, sizes = told.vintages.curves, told.vintages.n_rows
    ages = [f"{age:g} days" for age in curves.columns]
    lines = [
        f"| {cohort} | {sizes[cohort]:,} | "
        + " | ".join("" if np.isnan(v) else f"{v:.2%}" for v in line)
        + " |"
        for cohort, line in zip(curves.index, curves.to_numpy(), strict=True)
    ]
    head = (
        f"| month | decisions | {' | '.join(ages)} |\n|---|---:|{'---:|' * len(ages)}\n"
    )
    return head + "\n".join(lines) + "\n"


def _realised(told: Told) -> str:
    if not told.realised:
        return "Too few outcomes have matured to say how fast they come.\n"
    lines = [
        f"| {one.cohort} | {one.n_rows:,} | {one.n_bad:,} | {one.expected_so_far:.1f} | "
        f"{one.ratio.value:.2f} [{one.ratio.low:.2f}, {one.ratio.high:.2f}] |"
        for one in told.realised
    ]
    head = "| month | decisions | bad | expected so far | known over expected |\n"
    return head + "|---|---:|---:|---:|---|\n" + "\n".join(lines) + "\n"
