"""Whether every design gives the same bytes for any hash seed and order of rows.

    python -m benchmarks.causal.same_bytes [--seeds 20]

Each hash seed is a process of its own, which also shuffles the rows of every world
differently; the first has them as they came. Writes docs/results/causal_bytes.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from assay.causal.designs import design_named
from benchmarks.causal.worlds import VALID

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results" / "causal_bytes.md"


def told(name: str, shuffle: int) -> str:
    """Return what a design says of its world, every number to the last bit.

    Parameters
    ----------
    name : str
        Of a world in `VALID`.
    shuffle : int
        Seed of the order of rows; 0 leaves them as they came.
    """
    world = VALID[name](np.random.default_rng(5))
    frame = world.frame
    if shuffle:
        frame = frame.sample(frac=1, random_state=shuffle).reset_index(drop=True)
    result = design_named(world.design).estimate(frame, world.outcome, world.options)
    one = result.estimate
    estimate = [one.value, one.standard_error, *one.interval]
    figures = {key: float(value).hex() for key, value in result.diagnostics.items()}
    states = [(a.name, a.state, a.finding) for a in result.assumptions]
    return json.dumps([name, [float(v).hex() for v in estimate], figures, states])


def by_hash_seed(seed: int, shuffle: int) -> bytes:
    """Return what all designs say in a process with that hash seed."""
    command = [sys.executable, "-m", "benchmarks.causal.same_bytes", "--one"]
    return subprocess.run(
        [*command, str(shuffle)],
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout


def main() -> None:
    """Compare the seeds and write the page, or be one of the processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--one", type=int)
    options = parser.parse_args()
    if options.one is not None:
        for name in VALID:
            print(told(name, options.one))
        return
    found = []
    for seed in range(options.seeds):
        found.append(by_hash_seed(seed + 1, seed).splitlines())
        print(seed + 1, found[-1] == found[0], flush=True)
    rows = [
        f"| {name} | {sum(lines[place] == found[0][place] for lines in found)} |"
        for place, name in enumerate(VALID)
    ]
    PAGE.write_text(
        "# The same bytes\n\n"
        f"`python -m benchmarks.causal.same_bytes --seeds {options.seeds}`: estimate, "
        "error, interval, diagnostics and verdicts of every design, compared to the last "
        f"bit over {options.seeds} hash seeds, each in a process of its own with its own "
        "order of rows.\n\n| world | processes that agree |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    main()
