"""Ten million rows through the two by two, and the honest intervals' cost.

python benchmarks/causal/differences_scale.py --rows 10000000
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd

from assay.causal.differences import honest_intervals, two_by_two


def main() -> None:
    """Print wall and CPU seconds and the peak of memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    n = parser.parse_args().rows
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "treated": rng.integers(0, 2, n, dtype=np.int8),
            "week": rng.integers(0, 10, n, dtype=np.int8),
            "branch": rng.integers(0, 200, n, dtype=np.int16),
        }
    )
    frame["post"] = (frame["week"] >= 6).astype("int8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    wall, cpu = time.perf_counter(), time.process_time()
    found = two_by_two(
        frame,
        outcome="y",
        treated="treated",
        post="post",
        cluster="branch",
        period="week",
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"two by two, {n:,} rows: {wall:.1f} s wall, {cpu:.1f} s CPU")
    print(f"peak {peak:.2f} GiB, of which {before:.2f} GiB before the call")
    print(f"att {found.estimate.value:.6f}, error {found.estimate.standard_error:.6f}")

    root = rng.normal(size=(7, 7)) * 0.3 + np.eye(7)
    beta = np.array([-0.01, 0.0, 0.01, 0.0, 0.01, 0.5, 0.6])
    cpu = time.process_time()
    honest_intervals(beta, 0.01 * root @ root.T, n_pre=5)
    seconds = time.process_time() - cpu
    print(f"relative magnitude, 4 bounds and breakdown: {seconds:.2f} s CPU")


if __name__ == "__main__":
    main()
