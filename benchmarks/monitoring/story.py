"""A model fails silently: which panel moved when; writes docs/results/silent_failure.md.

Run: ``python -m benchmarks.monitoring.story``
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assay.bundle import Bundle, Scorer, read_bundle, write_bundle
from assay.contract import Contract, find_contract
from assay.evaluation.plots import png
from assay.models import fit_challenger
from assay.models.parity import feature_columns
from assay.monitoring.alarms import AlarmPolicy
from assay.monitoring.watch import Watched, watch
from assay.quality.rows import assess_rows
from assay.settings import Settings
from assay.simulate.lender import Simulation, simulate_lender
from assay.simulate.scenarios import complaints, silent_failure
from tasks.assembly import assemble
from tasks.monitor import open_reference, window_of

TARGET, FOLDER = Path("docs/results/silent_failure.md"), Path("docs/results")
CONTRACTS = Path("data/contracts")
TRAINED, TURN = datetime(2026, 6, 1, tzinfo=UTC), date(2026, 7, 1)
APPROVED_SHARE, PER_DAY, N_MONTHS = 0.70, 200, 10
LOOKS = N_MONTHS + 1


@dataclass(frozen=True, slots=True)
class Month:
    """What each panel showed at the end of a month (of 30 days since the turn)."""

    number: int
    approved: float
    complained: float
    estimated: float
    low: float
    high: float
    default_rate: float
    known_rate: float
    known_low: float
    score_psi: float
    accuracy: float
    alarms: tuple[str, ...]
    on_labels: bool


def main() -> None:
    """Tell the story month by month, write the page and its pictures."""
    contract = find_contract("credit_default", CONTRACTS)
    bundle, validation = champion(contract)
    months, ends = told(bundle, validation, contract)
    for name, figure in pictures(months).items():
        (FOLDER / f"silent_failure_{name}.png").write_bytes(png(figure))
    TARGET.write_text(page(months, ends))
    print(page(months, ends))


def champion(contract: Contract) -> tuple[Bundle, pd.DataFrame]:
    """Return a model of a calm year and the rows that validated it."""
    world = simulate_lender(
        n_applicants=365 * PER_DAY,
        start=date(2025, 6, 1),
        days=365,
        seed=7,
        as_of=TRAINED,
    )
    rows = assess_rows(world.frame, contract, as_of=TRAINED).accepted
    fitted = fit_challenger(rows, contract, seed=0, n_resamples=100, folds=0)
    text = (CONTRACTS / f"{contract.name}.toml").read_text()
    made = assemble(
        fitted, rows, text, snapshot_digest="0" * 64, shares={}, settings=Settings()
    )
    folder = Path(tempfile.mkdtemp()) / "bundle"
    bundle = read_bundle(folder, write_bundle(folder, made.parts))
    return bundle, rows.iloc[fitted.split.holdout]


def told(
    bundle: Bundle, validation: pd.DataFrame, contract: Contract
) -> tuple[list[Month], dict[str, tuple[float, float]]]:
    """Return what each panel showed, and what was so before and is so in the end."""
    begin = datetime.combine(TURN, datetime.min.time(), UTC) - timedelta(days=210)
    world = simulate_lender(
        n_applicants=(210 + 30 * N_MONTHS) * PER_DAY,
        start=begin.date(),
        days=210 + 30 * N_MONTHS,
        seed=8,
        drift=silent_failure(TURN),
    )
    scorer = Scorer.of(bundle)
    chances = scorer.probabilities(feature_columns(world.frame, contract))
    calm = (world.frame["applied_at"] < pd.Timestamp(TURN, tz="UTC")).to_numpy()
    cut = float(np.quantile(chances[calm], APPROVED_SHARE))
    complained = complaints(world.frame["applied_at"], TURN, np.random.default_rng(9))
    stated = scorer.probabilities(feature_columns(validation, contract))
    paid = validation[contract.label.field].to_numpy() == 1
    accuracy = float(((stated >= bundle.manifest.threshold) == paid).mean())
    compared = open_reference.fn(bundle)
    found = []
    for number in range(N_MONTHS + 1):
        at = datetime.combine(TURN, datetime.min.time(), UTC) + timedelta(30 * number)
        window = window_of(_seen(world, at), bundle, at, 30)
        watched = watch(
            window,
            compared.reference,
            compared.recalibration,
            contract,
            threshold=bundle.manifest.threshold,
            policy=AlarmPolicy(0.05, LOOKS),
            rng=np.random.default_rng(number),
        )
        found.append(
            _month(number, at, world, chances, cut, complained, watched, accuracy)
        )
        print(found[-1], flush=True)
    late = world.frame["applied_at"] > pd.Timestamp(TURN, tz="UTC") + timedelta(180)
    outcome, approved = world.truth["outcome"].to_numpy(), chances < cut
    ends = {
        "approved": approved,
        "default rate": np.where(approved, outcome, np.nan),
        "complaints": complained,
    }
    sides = (calm, late.to_numpy())
    shown = {
        name: tuple(float(np.nanmean(values[side])) for side in sides)
        for name, values in ends.items()
    }
    return found, {name: (one[0], one[1]) for name, one in shown.items()}


def _month(
    number: int,
    at: datetime,
    world: Simulation,
    chances: np.ndarray[tuple[int], np.dtype[np.float64]],
    cut: float,
    complained: np.ndarray[tuple[int], np.dtype[np.bool_]],
    watched: Watched,
    accuracy: float,
) -> Month:
    times, outcome = world.frame["applied_at"], world.truth["outcome"].to_numpy()
    this = ((times > at - timedelta(30)) & (times <= at)).to_numpy()
    old = ((times > at - timedelta(120)) & (times <= at - timedelta(90))).to_numpy()
    approved = chances < cut
    known = outcome[old & approved]
    estimate = watched.estimate.metrics.get("default_rate")
    return Month(
        number,
        float(approved[this].mean()),
        float(complained[this].mean()),
        estimate.value if estimate else float("nan"),
        estimate.low if estimate else float("nan"),
        estimate.high if estimate else float("nan"),
        float(outcome[this & approved].mean()),
        float(known.mean()),
        float(known.mean() - 1.96 * np.sqrt(known.mean() / len(known))),
        watched.alarms[-1].psi,
        accuracy,
        tuple(
            f"{one.subject}" if one.measure != "prediction_drift" else "score"
            for one in watched.notices
            if one.measure != "concept_drift"
        ),
        any(one.measure == "concept_drift" for one in watched.notices),
    )


def _seen(world: Simulation, at: datetime) -> pd.DataFrame:
    """Return what the lender has at a moment: labels are known when they mature."""
    frame = world.frame[world.frame["applied_at"] <= at].reset_index(drop=True)
    young = frame["applied_at"] > at - timedelta(days=90)
    return frame.assign(defaulted=frame["defaulted"].mask(young))


def pictures(months: list[Month]) -> dict[str, Figure]:
    """Return the panels and the calendar of alarms."""
    numbers = [one.number for one in months]
    first = min(one.number for one in months if one.alarms)
    labels = min(one.number for one in months if one.on_labels)
    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.subplots(3, 2, sharex=True).ravel()
    shown = [
        ("approved, %", [100 * m.approved for m in months]),
        ("complaints, %", [100 * m.complained for m in months]),
        ("PSI of the score", [m.score_psi for m in months]),
        ("accuracy on the validation set, %", [100 * m.accuracy for m in months]),
    ]
    for axis, (title, values) in zip(axes, shown, strict=False):
        axis.plot(numbers, values, "o-", color="tab:blue")
        axis.set_title(title, fontsize=10)
        axis.set_ylim(0, max(values) * 1.25)
    axes[4].plot(numbers, [100 * m.estimated for m in months], "o-", color="tab:blue")
    axes[4].fill_between(
        numbers,
        [100 * m.low for m in months],
        [100 * m.high for m in months],
        alpha=0.25,
    )
    axes[4].set_title("estimated default rate of all applicants, %", fontsize=10)
    axes[4].set_ylim(bottom=0)
    axes[5].plot(
        numbers,
        [100 * m.default_rate for m in months],
        "o-",
        color="tab:red",
        label="of this month's approvals, known three months on",
    )
    axes[5].plot(
        numbers,
        [100 * m.known_rate for m in months],
        "s--",
        color="tab:gray",
        label="known this month",
    )
    axes[5].set_title("default rate of the approved, %", fontsize=10)
    axes[5].set_ylim(bottom=0)
    axes[5].legend(fontsize=8)
    for axis in axes:
        axis.axvline(first, color="tab:orange", lw=1.5)
        axis.axvline(labels, color="black", lw=1.5, ls=":")
    for axis in axes[4:]:
        axis.set_xlabel("months since the world began to move")
    figure.suptitle(
        "Orange: first alarm. Dotted: first alarm on matured labels.", fontsize=10
    )
    return {"panels": figure}


def page(months: list[Month], ends: dict[str, tuple[float, float]]) -> str:
    """Return the document."""
    first = next(one for one in months if one.alarms)
    labels = next(one.number for one in months if one.on_labels)
    moved = ", ".join(f"{n} {a:.1%} to {b:.1%}" for n, (a, b) in ends.items())
    rows = "\n".join(
        f"| {m.number} | {m.approved:.1%} | {m.complained:.2%} | {m.score_psi:.3f} | "
        + (
            "cannot tell"
            if np.isnan(m.estimated)
            else f"{m.estimated:.1%} [{m.low:.1%}, {m.high:.1%}]"
        )
        + f" | {m.known_rate:.1%} | {m.default_rate:.1%} | {m.accuracy:.0%} | "
        f"{', '.join(m.alarms) or ''} | {'yes' if m.on_labels else ''} |"
        for m in months
    )
    return (
        "# A model that fails silently\n\n"
        "Written by `python -m benchmarks.monitoring.story` on the simulator's scenario "
        "`silent_failure`. From month 0 on other applicants come, from month 1 on the "
        f"odds of default rise. Before and from month 6 on: {moved}; accuracy on the "
        f"validation set stays at {months[-1].accuracy:.0%}. The lender approves whoever "
        f"has a probability below the calm world's {APPROVED_SHARE:.0%} quantile.\n\n"
        f"**First alarm in month {first.number} ({', '.join(first.alarms)}); matured "
        f"labels alone raise one in month {labels}: {labels - first.number} months "
        "later.**\n\n"
        "![Panels](silent_failure_panels.png)\n\n"
        "The first alarm is about the applicants, who came before the trouble did. Had "
        "only the law of default moved, nothing before labels could have shown it: the "
        'estimate rests on that law, and says "cannot tell" once labels contradict '
        "it.\n\nEach row is what was known at the end of that month: a default rate that "
        "is *known* belongs to applications three to four months old.\n\n"
        "| month | approved | complaints | PSI of score | estimated default rate, all | "
        "known default rate, approved | true default rate, approved | validation "
        "accuracy | alarms before labels | alarm on matured labels |\n"
        "|---:|---:|---:|---:|---|---:|---:|---:|---|---|\n" + rows + "\n"
    )


if __name__ == "__main__":
    main()
