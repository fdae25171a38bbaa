"""Tamper with a signed ledger ten thousand times; writes docs/results/ledger_attacks.md.

Run: python -m benchmarks.ledger.tamperings [TAMPERINGS]

Each tampering is drawn at random, carried out on the files, shown to the stand-alone
verifier and taken back. Found means that verification fails; named means that it says
what was done where it was done.
"""
# ruff: noqa: S311 # draws attacks, not keys

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ledger.attacks import carry_out, draw, is_named, make_target

RESULT = Path(__file__).parents[2] / "docs" / "results" / "ledger_attacks.md"
WORDS = {
    "flip": "one bit flipped in a segment",
    "drop": "a record taken out",
    "drop a segment": "a segment taken away",
    "swap": "two records exchanged",
    "truncate": "the end of a stream cut off",
    "duplicate": "a record put in a second time",
    "fork": "a record changed and all behind it chained anew",
    "checkpoint": "a checkpoint edited, exchanged, deleted or signed by another",
}


def counted(n_tamperings: int, seed: int = 2026) -> dict[str, Counter[str]]:
    """Return by kind how many tamperings were made, found and named."""
    rng = random.Random(seed)
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        target = make_target(Path(scratch) / "ledger", Path(scratch) / "copies")
        for _ in range(n_tamperings):
            attack = draw(target, rng)
            seen = carry_out(target, attack)
            counts = found.setdefault(attack.name, Counter())
            counts["made"] += 1
            counts["found"] += not seen.passed
            counts["named"] += is_named(attack, seen)
    return found


def report(found: dict[str, Counter[str]], n_tamperings: int) -> str:
    """Return the page."""
    total = sum(found.values(), Counter[str]())
    rows = [(WORDS[name], found[name]) for name in WORDS if name in found]
    lines = [
        f"| {name} | {counts['made']:,} | {counts['found']:,} | {counts['named']:,} |"
        for name, counts in [*rows, ("all", total)]
    ]
    return (
        "# A ledger tampered with\n\nThree streams in several segments under four signed "
        "checkpoints. Found: verification fails. Named: it says what was done where it "
        "was done.\n\n| tampering | made | found | named |\n|---|---:|---:|---:|\n"
        + "\n".join(lines)
        + f"\n\nCommand: `python -m benchmarks.ledger.tamperings {n_tamperings}`\n"
    )


def main(arguments: Sequence[str]) -> int:
    """Run, print and write the page; 1 where one was not found or not named."""
    n_tamperings = int(arguments[0]) if arguments else 10_000
    found = counted(n_tamperings)
    RESULT.write_text(report(found, n_tamperings))
    sys.stdout.write(RESULT.read_text())
    total = sum(found.values(), Counter[str]())
    return int(total["named"] < n_tamperings or total["found"] < n_tamperings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
