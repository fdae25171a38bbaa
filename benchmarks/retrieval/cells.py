"""Beyond half a million passages: what cells cost and find.

::

    OMP_NUM_THREADS=1 python -m benchmarks.retrieval.cells [PASSAGES]

writes `docs/results/retrieval_cells.md`. Vectors are drawn around centres, as passages
lie around what they are about: no set at hand is as large.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.retrieval.parts.nearest import WHOLE_UNTIL, Nearest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "results" / "retrieval_cells.md"
N_CENTRES, N_DIMENSIONS, N_QUESTIONS, N_FOUND, BLOCK = 5_000, 384, 100, 100, 20_000
Floats = NDArray[np.float32]


def drawn(n: int, rng: np.random.Generator) -> Floats:
    """Return unit vectors, each as far from its centre as a centre is long."""
    centres = unit(rng.normal(size=(N_CENTRES, N_DIMENSIONS)).astype(np.float32))
    found = np.empty((n, N_DIMENSIONS), dtype=np.float32)
    for first in range(0, n, BLOCK):
        part = found[first : first + BLOCK]
        noise = rng.normal(size=part.shape) / N_DIMENSIONS**0.5
        part[:] = centres[rng.integers(N_CENTRES, size=len(part))] + noise
    return unit(found)


def unit(vectors: Floats) -> Floats:
    """Return vectors of length one."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def milliseconds(index: Nearest, questions: Floats) -> float:
    """Return the median CPU time of a search."""
    taken = []
    for question in questions:
        begun = time.process_time()
        index.search(question, N_FOUND)
        taken.append(time.process_time() - begun)
    return 1e3 * float(np.median(taken))


def main() -> None:
    """Measure and write the page."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else WHOLE_UNTIL + BLOCK
    rng = np.random.default_rng(0)
    vectors = drawn(n, rng)
    begun = time.process_time()
    cells = Nearest.of(vectors)
    built = time.process_time() - begun
    whole = Nearest.of(vectors, whole_until=n)
    noise = 0.5 * rng.normal(size=(N_QUESTIONS, N_DIMENSIONS)) / N_DIMENSIONS**0.5
    asked = unit(vectors[rng.choice(n, N_QUESTIONS)] + noise.astype(np.float32))
    shares = [
        np.isin(whole.search(one, N_FOUND)[0], cells.search(one, N_FOUND)[0]).mean()
        for one in asked
    ]
    with tempfile.TemporaryDirectory() as scratch:
        cells.save(Path(scratch) / "vectors.faiss")
        mib = (Path(scratch) / "vectors.faiss").stat().st_size / 2**20
    PAGE.write_text(
        "# An index in cells\n\n"
        f"`OMP_NUM_THREADS=1 python -m benchmarks.retrieval.cells {n}`: {n:,} vectors of "
        f"{N_DIMENSIONS} dimensions drawn around {N_CENTRES:,} centres, CPU time of one "
        f"thread, {N_QUESTIONS} questions beside drawn vectors.\n\n"
        "| | every vector read | cells |\n|---|---:|---:|\n"
        f"| a search for {N_FOUND}, ms, median | {milliseconds(whole, asked):.2f} "
        f"| {milliseconds(cells, asked):.2f} |\n"
        f"| of the nearest {N_FOUND} found | 100.0% | {np.mean(shares):.1%} |\n"
        f"| cells read, as chosen when built | - | {cells.n_cells_read} |\n"
        f"| built in, s, the choice included | - | {built:.0f} |\n"
        f"| file, MiB | - | {mib:.0f} |\n"
    )
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
