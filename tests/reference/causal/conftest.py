"""Published and oracle values for `assay.causal`, read from the shared folder."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "reference"

COMPARED = {}
"""What was compared: expected, ours, largest difference, tolerance, by quantity."""


def pytest_terminal_summary(terminalreporter):
    """Print the table of `make reference`: every quantity that was compared."""
    if not COMPARED:
        return
    write = terminalreporter.write_line
    terminalreporter.section("published numbers, recomputed")
    write(f"{'case: quantity':<66} {'expected':>20} {'ours':>20} {'difference':>10}")
    for (case, quantity), (want, got, difference, tolerance) in sorted(COMPARED.items()):
        outside = "" if difference <= tolerance else f" ABOVE {tolerance:g}"
        name = f"{case}: {quantity}"[:66]
        write(
            f"{name:<66} {shown(want):>20} {shown(got):>20} {difference:>10.2g}{outside}"
        )
    within = sum(row[2] <= row[3] for row in COMPARED.values())
    write(f"{len(COMPARED)} quantities compared, {within} within tolerance")


def shown(values):
    """Return one number, or the first and the last of several, in six digits."""
    flat = np.atleast_1d(values).ravel()
    if flat.size == 1:
        return f"{flat[0]:.6g}"
    return f"{flat[0]:.4g} .. {flat[-1]:.4g}"


@dataclass(frozen=True)
class Case:
    """One case of the manifest: its data and its expected quantities."""

    name: str
    frame: pd.DataFrame
    expected: dict

    def assert_within(self, quantity, ours):
        """Fail unless `ours` is within the manifest's tolerance of `quantity`."""
        entry = self.expected[quantity]
        want = np.asarray(entry["value"], dtype=float)
        got = np.asarray(ours, dtype=float)
        assert got.shape == want.shape, f"{self.name}: {quantity}: shape {got.shape}"
        difference = np.max(np.abs(got - want))
        COMPARED[self.name, quantity] = (want, got, difference, entry["tol"])
        assert difference <= entry["tol"], (
            f"{self.name}: {quantity}: expected {want}, ours {got}, "
            f"difference {difference:.3g} above {entry['tol']}"
        )


@dataclass(frozen=True)
class References:
    """The folder of reference cases; call it with a case's name."""

    folder: Path

    def __call__(self, name):
        """Return the case `name` with its frame as the manifest's file holds it."""
        cases = json.loads((self.folder / "manifest.json").read_text())
        case = next(case for case in cases if case["name"] == name)
        path = self.folder / case["file"]
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        expected = {entry["quantity"]: entry for entry in case["expected"]}
        return Case(name, frame, expected)


@pytest.fixture(scope="session")
def causal_reference():
    """Return the reference cases, or skip where the shared folder is absent."""
    root = Path(os.environ.get("ASSAY_SHARED_REFERENCE", BESIDE))
    folder = root / "causal"
    if not (folder / "manifest.json").exists():
        pytest.skip(f"no reference cases in {folder}; set ASSAY_SHARED_REFERENCE")
    return References(folder)


@pytest.fixture(scope="session")
def frank_wolfe_weights():
    """Weights of synthetic DiD by the search of its published implementations.

    A Frank-Wolfe search of 100 steps, everything up to a quarter of the largest weight
    set to zero, and 10,000 steps more (Arkhangelsky et al. 2021, supplement). Where it
    stops is what packages print; the library solves the same problem exactly.
    """

    def search(columns, target, penalty, tolerance, start, n_steps):
        ridge = target.size * penalty**2
        weights, before = start, np.inf
        for _ in range(n_steps):
            errors = columns @ weights - target
            slope = columns.T @ errors + ridge * weights
            move = -weights
            best = int(np.argmin(slope))
            move[best] += 1
            curve = np.sum((columns @ move) ** 2) + ridge * np.sum(move**2)
            if curve == 0:
                break
            weights = weights + np.clip(-(slope @ move) / curve, 0, 1) * move
            loss = np.mean((columns @ weights - target) ** 2) + penalty**2 * np.sum(
                weights**2
            )
            if before - loss <= tolerance**2:
                break
            before = loss
        return weights

    def fit(columns, target, penalty, tolerance):
        columns, target = columns - columns.mean(axis=0), target - target.mean()
        even = np.full(columns.shape[1], 1 / columns.shape[1])
        rough = search(columns, target, penalty, tolerance, even, 100)
        rough[rough <= rough.max() / 4] = 0
        rough = rough / rough.sum()
        return search(columns, target, penalty, tolerance, rough, 10_000)

    def weights(series):
        pre, post = series.donors[: series.n_pre], series.donors[series.n_pre :]
        noise = np.std(np.diff(pre, axis=0), ddof=1)
        penalty = (series.n_treated * post.shape[0]) ** 0.25 * noise
        treated = series.treated[: series.n_pre]
        return (
            fit(pre, treated, penalty, 1e-5 * noise),
            fit(pre.T, post.mean(axis=0), 1e-6 * noise, 1e-5 * noise),
        )

    return weights


@pytest.fixture(scope="session")
def contrast():
    """Weighted difference-in-differences for given weights."""

    def of(treated_units, donors, n_pre, by_donor, by_period):
        gaps = treated_units.mean(axis=1) - donors @ by_donor
        return gaps[n_pre:].mean() - gaps[:n_pre] @ by_period

    return of


@pytest.fixture(scope="session")
def jackknife(contrast):
    """Error of synthetic DiD by leaving out each unit with its weights held."""

    def of(series, by_donor, by_period):
        left_out = []
        for unit in range(series.n_treated):
            kept = np.delete(series.treated_units, unit, axis=1)
            left_out.append(
                contrast(kept, series.donors, series.n_pre, by_donor, by_period)
            )
        for unit in range(series.n_donors):
            held = np.delete(by_donor, unit)
            donors = np.delete(series.donors, unit, axis=1)
            left_out.append(
                contrast(
                    series.treated_units,
                    donors,
                    series.n_pre,
                    held / held.sum(),
                    by_period,
                )
            )
        n = len(left_out)
        return np.sqrt((n - 1) / n * np.sum((left_out - np.mean(left_out)) ** 2))

    return of
