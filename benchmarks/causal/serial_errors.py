"""Coverage of the interrupted series' interval, by memory of the errors.

python benchmarks/causal/serial_errors.py --runs 1000
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.signal import lfilter

from assay.causal.estimate import critical_value
from assay.causal.serial_errors import serial_fit
from assay.causal.time_series import _degrees, default_lags, segmented_design


def coverage(n: int, memory: float, n_runs: int) -> tuple[float, float]:
    """Return shares of 95 % intervals that hold zero: matched and Newey-West."""
    rng = np.random.default_rng(0)
    times = np.arange(float(n))
    start = 0.6 * n
    design = segmented_design(times, start, None)
    weights = np.zeros(4)
    weights[2:] = design[times >= start, 2:].mean(axis=0)
    hits = np.zeros(2)
    for _ in range(n_runs):
        y = lfilter([1], [1, -memory], rng.normal(size=n + 100))[100:]
        fit = serial_fit(design, y, default_lags(n))
        value = abs(weights @ fit.coefficients)
        matched = np.sqrt(weights @ fit.matched @ weights)
        robust = np.sqrt(weights @ fit.newey_west @ weights)
        hits[0] += value <= critical_value(0.95, _degrees(design, fit.memory)) * matched
        hits[1] += value <= critical_value(0.95, n - 4) * robust
    return tuple(hits / n_runs)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    n_runs = parser.parse_args().runs
    print("| periods | memory | matched | Newey-West |")
    print("|---|---|---|---|")
    for n in (40, 100):
        for memory in (0.0, 0.3, 0.6, 0.8, 0.9):
            ours, theirs = coverage(n, memory, n_runs)
            print(f"| {n} | {memory} | {ours:.1%} | {theirs:.1%} |", flush=True)


if __name__ == "__main__":
    main()
