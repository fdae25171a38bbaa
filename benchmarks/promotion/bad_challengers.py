"""How often the whole gate passes challengers that were made with a fault.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.promotion.bad_challengers [WORLDS]``. Writes
docs/results/promotion_faults.md. Every challenger is really trained and examined; what
each one truly costs is reckoned from the simulated lender's law of default.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from assay.bundle import Bundle, Scorer
from assay.contract import Contract, find_contract, read_contract
from assay.errors import ConfigError
from assay.evaluation import share_interval
from assay.examination import examine
from assay.models.parity import feature_columns
from assay.promotion import PromotionEvidence, decide_promotion
from assay.quality.rows import assess_rows
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender
from benchmarks.promotion.faults import FAULTS
from benchmarks.promotion.fitted import fitted_bundle

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "results" / "promotion_faults.md"
NAME, CHANGE = "credit_default", date(2026, 7, 1)
AS_OF = datetime(2027, 6, 1, tzinfo=UTC)
N_TRUTH, N_NEW, N_OLD = 60_000, 4_000, 12_000
HOLDOUT_OF_NEW, CALIBRATION_OF_NEW = 0.5, 0.3  # as a retraining after an alert splits
WORLDS = {"calm": 0.0, "recession": 1.5}
HARM = 0.01
"""Share of the champion's true cost above which a challenger is called harmful."""
LIMITS = (0.1, 0.25, 0.5, 1.0, 1e6)


@dataclass(frozen=True, slots=True)
class Seen:
    """One challenger.

    Attributes
    ----------
    world, fault : str
    saved : float
        Share of the champion's true cost that it saves; below 0 where it costs more.
    passed : dict of float to bool
        By the limit on the score shift.
    failures : tuple of str
        Rules that refused it under the shipped contract, without their figures.
    psi : float
        Upper end of its score shift.
    """

    world: str
    fault: str
    saved: float
    passed: dict[float, bool]
    failures: tuple[str, ...]
    psi: float


def limited(limit: float) -> Contract:
    """Return the shipped contract with another limit on the score shift."""
    text = (ROOT / "data" / "contracts" / f"{NAME}.toml").read_text()
    shipped = find_contract(NAME, ROOT / "data" / "contracts").gates.service.score_psi
    old = f"score_psi = {shipped:.1f}"
    if text.count(old) != 1:
        raise ConfigError(f"{NAME} states its limit otherwise than {old!r}")
    return read_contract(text.replace(old, f"score_psi = {limit}"))


def lender(world: str, seed: int, n_applicants: int, *, start: date) -> pd.DataFrame:
    """Return applications with labels and the true chance of default."""
    drift = Drift("recession", CHANGE, WORLDS[world])
    found = simulate_lender(
        n_applicants=n_applicants, start=start, days=181, seed=seed, drift=drift
    )
    truth = found.truth["true_default_probability"].to_numpy()
    return found.frame.assign(truth=truth)


def cost(bundle: Bundle, rows: pd.DataFrame) -> float:
    """Return the true expected cost of a decision by a version."""
    costs = bundle.contract.decision.costs
    chance = rows["truth"].to_numpy()
    risk = Scorer.of(bundle).probabilities(feature_columns(rows, bundle.contract))
    declined = costs.false_positive * (1 - chance) + costs.true_positive * chance
    approved = costs.false_negative * chance + costs.true_negative * (1 - chance)
    return float(np.where(risk >= bundle.manifest.threshold, declined, approved).mean())


def challengers(world: str, number: int, folder: Path) -> Iterator[Seen]:
    """Yield what the gate made of one world's challengers."""
    shipped = find_contract(NAME, ROOT / "data" / "contracts")
    text = (ROOT / "data" / "contracts" / f"{NAME}.toml").read_text()
    old = lender(world, 3 * number, N_OLD, start=date(2026, 1, 1))
    new = lender(world, 3 * number + 1, N_NEW, start=CHANGE)
    fresh = lender(world, 3 * number + 2, N_TRUTH, start=CHANGE)
    typed = assess_rows(old.drop(columns="truth"), shipped, as_of=AS_OF).accepted
    later = assess_rows(new.drop(columns="truth"), shipped, as_of=AS_OF).accepted
    shares = {"holdout_share": 0.2, "calibration_share": 0.15}
    champion = fitted_bundle(
        folder / "champion", typed, shipped, text, "boosting", shares
    )
    before = cost(champion, fresh)
    n_judge = int(HOLDOUT_OF_NEW * len(later))
    judging, learned = later.iloc[-n_judge:], later.iloc[:-n_judge]
    for fault, how in FAULTS.items():
        rng = np.random.default_rng([number, 5])
        rows = how.spoil(pd.concat([typed, learned], ignore_index=True), rng)
        frame = pd.concat([rows, judging], ignore_index=True)
        shares = {
            "holdout_share": n_judge / len(frame),
            "calibration_share": min(CALIBRATION_OF_NEW * len(later), 0.4 * len(rows))
            / len(frame),
        }
        made = fitted_bundle(folder / fault, frame, shipped, text, "boosting", shares)
        evidence = examine(
            made, champion, frame, shipped, clock=time.thread_time_ns
        ).evidence
        yield judged(world, fault, 1 - cost(made, fresh) / before, evidence)


def judged(world: str, fault: str, saved: float, evidence: PromotionEvidence) -> Seen:
    """Return the gate's verdicts under each limit."""
    passed = {
        limit: decide_promotion(limited(limit), evidence).promote for limit in LIMITS
    }
    contract = find_contract(NAME, ROOT / "data" / "contracts")
    failures = decide_promotion(contract, evidence).failures
    shift = evidence.score_shift
    psi = shift.high if shift else float("nan")
    return Seen(
        *(world, fault, saved, passed),
        tuple(f.split(":")[0] for f in failures),
        psi,
    )


def passing(found: Sequence[Seen], limit: float) -> str:
    """Return how many of some challengers passed under a limit."""
    return str(share_interval(sum(one.passed[limit] for one in found), len(found)))


def by_fault(seen: Sequence[Seen]) -> Iterator[str]:
    """Yield a line of the table for each fault in each world."""
    for world in WORLDS:
        for fault, how in FAULTS.items():
            found = [s for s in seen if (s.world, s.fault) == (world, fault)]
            saved = np.array([s.saved for s in found])
            psi = np.array([s.psi for s in found])
            counts = [f"{sum(s.passed[limit] for s in found)}" for limit in LIMITS]
            yield (
                f"| {world} | {how.said} | {saved.mean():+.1%} ({saved.min():+.1%} to "
                f"{saved.max():+.1%}) | {np.median(psi):.2f} (to {psi.max():.2f}) | "
                f"{len(found)} | {' | '.join(counts)} |"
            )


def by_harm(seen: Sequence[Seen]) -> Iterator[str]:
    """Yield what each limit passes of the harmful and refuses of the useful."""
    harmful = [s for s in seen if s.saved < -HARM]
    useful = [s for s in seen if s.saved > HARM]
    for limit in LIMITS:
        named = "none" if limit == max(LIMITS) else f"{limit:g}"
        yield f"| {named} | {passing(harmful, limit)} | {passing(useful, limit)} |"


def by_rule(seen: Sequence[Seen]) -> Iterator[str]:
    """Yield how often each rule refused a harmful and a useful challenger."""
    rules = sorted({rule for s in seen for rule in s.failures})
    for rule in rules:
        struck = [s for s in seen if rule in s.failures]
        alone = [s for s in struck if len(s.failures) == 1]
        counts = [
            f"{sum(s.saved < -HARM for s in some)} | {sum(s.saved > HARM for s in some)}"
            for some in (struck, alone)
        ]
        yield f"| {rule} | {' | '.join(counts)} |"


def page(seen: Sequence[Seen], n_worlds: int) -> str:
    """Return the page."""
    limits = " | ".join("none" if x == max(LIMITS) else f"{x:g}" for x in LIMITS)
    return f"""# The gate on challengers made with a fault

Written by `OMP_NUM_THREADS=1 python -m benchmarks.promotion.bad_challengers {n_worlds}`.
Do not edit.

{n_worlds} simulated lenders a world. The champion was trained on {N_OLD:,} applications
of a calm half-year; each challenger on those and {N_NEW:,} of the next, which is calm too
or a recession of size {WORLDS["recession"]:g}, split as a retraining after an alert
splits them: half of the new rows judge. A fault spoils the rows that a challenger learns
and is calibrated from, never those that judge it. Every one goes through the whole
examination and the gate of `{NAME}` as shipped, but for the limit on the score shift.
The true cost is that of {N_TRUTH:,} fresh applications of the new half-year, by the law
that the simulation draws defaults from.

## By fault

Cost saved is the share of the champion's true cost, mean (least to most). PSI is the
upper end that the rule reads, median (to largest). The last columns count those that
passed under each limit on it.

| world | fault | cost saved | PSI | challengers | {limits} |
|---|---|---|---|---|{"---|" * len(LIMITS)}
{chr(10).join(by_fault(seen))}

## By what it would have done

Harmful costs at least {HARM:.0%} more than the champion, useful at least {HARM:.0%} less.

| limit on the score shift | harmful ones passed | useful ones passed |
|---|---|---|
{chr(10).join(by_harm(seen))}

## By rule, under the shipped limits

| rule | refused: harmful | useful | refused it alone: harmful | useful |
|---|---|---|---|---|
{chr(10).join(by_rule(seen))}
"""


def main() -> int:
    """Train, examine, judge and write the page."""
    n_worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    seen: list[Seen] = []
    begun = time.monotonic()
    for number in range(n_worlds):
        for world in WORLDS:
            with tempfile.TemporaryDirectory(prefix="assay-faults-") as folder:
                seen += challengers(world, number, Path(folder))
            minutes = (time.monotonic() - begun) / 60
            sys.stdout.write(f"{minutes:.1f} min: world {number} {world} seen\n")
            sys.stdout.flush()
    PAGE.write_text(page(seen, n_worlds))
    sys.stdout.write(page(seen, n_worlds))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
