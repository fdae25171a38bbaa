"""What a few judged questions of an index do for its gate.

::

    python -m benchmarks.retrieval.own_gates --cache FOLDER

writes `docs/results/retrieval_gate.md`. The gate that an index starts from never saw it:
it is fitted to the other sets as the gate that ships is to all. Then it is calibrated as
`index-documents` does it, with some questions of each kind drawn from the index's judged
ones, and measured on all that were not drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.evaluation import auroc
from assay.retrieval.learning.own_gate import fitted_gate
from assay.retrieval.search import shipped_defaults
from assay.retrieval.search.gate import Gate
from benchmarks.retrieval.prepared import prepared
from benchmarks.retrieval.reference_sets import SETS, cached_encoder
from benchmarks.retrieval.train_gate import (
    GATE_SETS,
    HELD_OUT_SHARE,
    Rows,
    fitted,
    gate_rows,
)

ROOT = Path(__file__).resolve().parents[2]
N_DRAWS = 10
DRAWN = (20, 40, 80)
COLUMNS = (
    "far: AUROC",
    "false answers",
    "near: AUROC",
    "false answers",
    "false refusals",
    "false answers, far",
    "near",
)


def figures(gate: Gate, rows: Rows, judged: NDArray[np.bool_]) -> list[float]:
    """Return AUROC and false answers by kind, and what the gate's threshold does."""
    found = gate.probability(rows.features)
    yes = found[judged & rows.answerable]
    at_five = np.sort(yes)[int(0.05 * yes.size)]
    others = [found[judged & (rows.kind == kind)] for kind in ("far", "near")]
    values = [v for no in others for v in (auroc(yes, no), float((no >= at_five).mean()))]
    refused = float((yes < gate.threshold).mean())
    return [*values, refused, *(float((no >= gate.threshold).mean()) for no in others)]


def calibrated(
    start: Gate, rows: Rows, fair: NDArray[np.bool_], n: int, seed: int
) -> list[float]:
    """Calibrate by n answerable and n other questions; measure on the rest."""
    rng = np.random.default_rng(seed)
    drawn = np.concatenate(
        [
            rng.choice(np.flatnonzero(fair & kind), n, replace=False)
            for kind in (rows.answerable, ~rows.answerable)
        ]
    )
    gate, _ = fitted_gate(start, rows.features[drawn], rows.answerable[drawn])
    rest = fair.copy()
    rest[drawn] = False
    return figures(gate, rows, rest)


def table(rows: Rows) -> dict[str, dict[str, list[float]]]:
    """Return the figures of each index: left out, then calibrated."""
    found: dict[str, dict[str, list[float]]] = {}
    usable = rows.kind != "unanswerable"
    for name in GATE_SETS:
        start = fitted(rows, usable & (rows.index != name), HELD_OUT_SHARE)
        fair = usable & rows.judged & (rows.index == name)
        found[name] = {"none": figures(start, rows, fair)}
        for n in DRAWN:
            draws = [calibrated(start, rows, fair, n, seed) for seed in range(N_DRAWS)]
            found[name][f"{n} and {n}"] = np.mean(draws, axis=0).tolist()
    found["macro"] = {
        way: np.mean([found[name][way] for name in GATE_SETS], axis=0).tolist()
        for way in found[GATE_SETS[0]]
    }
    return found


def page(found: dict[str, dict[str, list[float]]], sets: list[str]) -> str:
    """Return the page of results."""
    lines = [
        "# The gate of an index with its own judged questions",
        "",
        "Written by `python -m benchmarks.retrieval.own_gates` on the sets "
        f"{', '.join(sets)}. The gate at the start is fitted to the other sets only, "
        "in the way of the one that ships. It is then calibrated by questions drawn "
        "from the judged ones of the index, as many answerable as others, and measured "
        f"on those not drawn; means of {N_DRAWS} draws. False answers beside an AUROC "
        "are at 5 % false refusals; the last three columns are at the threshold of the "
        "gate, which comes from the drawn questions by folds. SQuAD's adversarial "
        "questions are left out.",
        "",
        "| index | questions | " + " | ".join(COLUMNS) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    lines += [
        f"| {name} | {way} | " + " | ".join(f"{value:.3f}" for value in values) + " |"
        for name, ways in found.items()
        for way, values in ways.items()
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    arguments = parser.parse_args()
    encode = cached_encoder(arguments.cache)
    sets = {name: prepared(name, encode) for name in arguments.sets}
    found = table(gate_rows(sets, shipped_defaults().reranker, encode))
    text = page(found, arguments.sets)
    (ROOT / "docs/results/retrieval_gate.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
