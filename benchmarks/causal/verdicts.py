"""How often valid designs are withheld, and broken ones are caught.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.causal.verdicts [minutes]``; it repeats for
so many minutes of CPU (default 5) and writes ``docs/results/causal_verdicts.md``.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from assay.causal import verdict
from assay.causal.designs import design_named
from assay.errors import DataError
from benchmarks.causal.worlds import BROKEN, VALID, World

PAGE = Path(__file__).parents[2] / "docs" / "results" / "causal_verdicts.md"


def judged(world: World) -> tuple[str, bool]:
    """Return the verdict on a world, and whether the interval holds its truth."""
    try:
        result = design_named(world.design).estimate(
            world.frame, world.outcome, world.options
        )
    except DataError:
        return "refused", False
    low, high = result.estimate.interval
    return verdict(result.assumptions), low <= world.truth <= high


def counted(minutes: float) -> tuple[dict[str, Counter[str]], int]:
    """Return verdicts by world, over as many rounds of all worlds as the time allows."""
    worlds = [("valid", n, m) for n, m in VALID.items()]
    worlds += [("broken", n, m) for n, m in BROKEN.items()]
    counts: dict[str, Counter[str]] = {
        f"{kind}/{name}": Counter() for kind, name, _ in worlds
    }
    began, rounds = time.process_time(), 0
    while True:
        for place, (kind, name, make) in enumerate(worlds):
            rng = np.random.default_rng(
                np.random.SeedSequence(1, spawn_key=(place, rounds))
            )
            found, covers = judged(make(rng))
            counts[f"{kind}/{name}"][found] += 1
            counts[f"{kind}/{name}"]["covers"] += covers
        rounds += 1
        # A run that is cut off leaves the rounds that it finished.
        PAGE.write_text(page(counts, rounds))
        if time.process_time() - began > 60 * minutes:
            break
    return counts, rounds


def page(counts: dict[str, Counter[str]], rounds: int) -> str:
    """Return the two tables in Markdown."""
    lines = [
        "# Verdicts, measured",
        "",
        f"{rounds} simulated data sets a row, seeded; `OMP_NUM_THREADS=1 python -m "
        "benchmarks.causal.verdicts` writes this page. The worlds are in "
        "`benchmarks/causal/worlds`. At most 5 % of valid designs may be withheld, at "
        "least 90 % of broken ones must be caught: withheld or warned of.",
        "",
    ]
    for kind, title in (("valid", "Valid designs"), ("broken", "Broken designs")):
        rows = {n.partition("/")[2]: c for n, c in counts.items() if n.startswith(kind)}
        hidden = sum(c["withhold"] + c["refused"] for c in rows.values())
        warned = sum(c["warn"] for c in rows.values())
        total = rounds * len(rows)
        told = f"withheld {hidden / total:.1%}, warned {warned / total:.1%}"
        if kind == "broken":
            told = f"caught {(hidden + warned) / total:.1%} ({told})"
        lines += [f"## {title}: {told}", ""]
        lines += [
            "| world | withheld or refused | warned | reported | interval holds truth |",
            "|---|---:|---:|---:|---:|",
        ]
        for name, c in rows.items():
            cells = (c["withhold"] + c["refused"], c["warn"], c["report"], c["covers"])
            lines.append(f"| {name} | {' | '.join(f'{n / rounds:.1%}' for n in cells)} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    found, n = counted(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
    print(page(found, n))
