"""Drift of 200,000 rows against a stored profile of 1,000,000 x 30, and what it saves.

Writes docs/results/monitoring_scale.md. Run:
``OMP_NUM_THREADS=1 python -m benchmarks.monitoring.scale``; each contestant has a
process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from assay.monitoring.distances import category_drift, number_drift
from assay.monitoring.profile import (
    CategoryProfile,
    NumberProfile,
    Reference,
    category_counts,
    category_profile,
    map_profile,
    number_profile,
    profile_bytes,
)

TARGET = Path("docs/results/monitoring_scale.md")
N_REFERENCE, N_CURRENT, N_NUMBERS, N_WORDS = 1_000_000, 200_000, 22, 8
WORDS = np.array(["debt_consolidation", "car", "home", "medical", "education", "other"])
CONTESTANTS = ("assay", "scipy and numpy", "evidently")


def table(n_rows: int, seed: int, shift: float) -> pd.DataFrame:
    """Return numeric columns with and without ties, and columns of words."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for number in range(N_NUMBERS):
        values = rng.normal(shift * (number % 3), 1.0, n_rows)
        columns[f"n{number}"] = np.round(values, 2) if number % 4 == 0 else values
    for number in range(N_WORDS):
        shares = rng.dirichlet([20.0] * len(WORDS))
        columns[f"w{number}"] = WORDS[rng.choice(len(WORDS), n_rows, p=shares)].astype(
            object
        )
    return pd.DataFrame(columns)


def by_assay(folder: Path, current: pd.DataFrame) -> dict[str, float]:
    """Return PSI and exact KS from the stored profile; one sort serves both."""
    reference = map_profile(folder / "profile.npz")
    found = {}
    for name in reference.columns:
        profile = reference.columns[name]
        if isinstance(profile, NumberProfile):
            drift = number_drift(name, profile, current[name], with_area=False)
            found[f"ks {name}"] = drift.ks
        elif isinstance(profile, CategoryProfile):
            drift = category_drift(name, profile, *category_counts(current[name]))
        found[f"psi {name}"] = drift.psi
    return found


def by_scipy(folder: Path, current: pd.DataFrame) -> dict[str, float]:
    """Return the same by a loop over columns with scipy's test and numpy's histogram."""
    reference = pd.read_parquet(folder / "reference.parquet")
    found = {}

    def index(before: np.ndarray, now: np.ndarray) -> float:
        old = np.maximum(before / before.sum(), 1e-4)
        new = np.maximum(now / now.sum(), 1e-4)
        return float(((new - old) * np.log(new / old)).sum())

    for name in reference:
        before, now = reference[name], current[name]
        if name.startswith("w"):
            counts = before.value_counts()
            found[f"psi {name}"] = index(
                counts.to_numpy(), now.value_counts().reindex(counts.index).to_numpy()
            )
            continue
        found[f"ks {name}"] = float(ks_2samp(before, now, method="asymp").statistic)
        inner = np.quantile(before, np.linspace(0, 1, 11))[1:-1]
        edges = np.concatenate(([-np.inf], np.unique(inner), [np.inf]))
        found[f"psi {name}"] = index(
            np.histogram(before, edges)[0], np.histogram(now, edges)[0]
        )
    return found


def by_evidently(folder: Path, current: pd.DataFrame) -> dict[str, float]:
    """Run Evidently's preset twice, for PSI and for KS, on the same frames."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    reference = pd.read_parquet(folder / "reference.parquet")
    names = list(reference)
    definition = DataDefinition(
        numerical_columns=[name for name in names if name.startswith("n")],
        categorical_columns=[name for name in names if name.startswith("w")],
    )
    before = Dataset.from_pandas(reference, data_definition=definition)
    now = Dataset.from_pandas(current, data_definition=definition)
    for method in ("psi", "ks"):
        Report([DataDriftPreset(num_method=method, cat_method="psi")]).run(now, before)
    return {}


def measure(name: str, folder: Path) -> dict[str, object]:
    """Return CPU seconds and the memory that one contestant adds to the window's."""
    contestants: dict[str, Callable[[Path, pd.DataFrame], dict[str, float]]] = {
        "assay": by_assay,
        "scipy and numpy": by_scipy,
        "evidently": by_evidently,
    }
    current = pd.read_parquet(folder / "current.parquet")
    if name == "evidently":
        import evidently.presets  # noqa: F401 # its import is not what is measured
    run = contestants[name]
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    held = _memory("VmRSS")
    times = []
    for _ in range(1 if name == "evidently" else 3):
        start = time.process_time()
        found = run(folder, current)
        times.append(time.process_time() - start)
    return {"cpu": min(times), "added": _memory("VmHWM") - held, "found": found}


def _memory(name: str) -> float:
    """Return a line of this process's memory account, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def main() -> None:
    """Write the tables, run each contestant by itself, compare values and cost."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        built = _prepare(folder)
        size = (folder / "profile.npz").stat().st_size / 2**20
        found = {name: _alone(name, folder) for name in CONTESTANTS}
    ours, loop = found["assay"], found["scipy and numpy"]
    apart = {
        measure: max(
            abs(ours["found"][key] - value)
            for key, value in loop["found"].items()
            if key.startswith(measure)
        )
        for measure in ("ks", "psi")
    }
    n_cells = N_CURRENT * (N_NUMBERS + N_WORDS)
    rows = [
        f"| {name} | {one['cpu']:.3f} | {one['cpu'] / ours['cpu']:.1f} | "
        f"{one['added']:,.0f} |"
        for name, one in found.items()
    ]
    TARGET.write_text(
        "# Drift at scale\n\n"
        "Written by `OMP_NUM_THREADS=1 python -m benchmarks.monitoring.scale`. Window of "
        f"{N_CURRENT:,} rows, reference of {N_REFERENCE:,}, {N_NUMBERS} numeric columns "
        f"and {N_WORDS} of words. Exact KS and PSI; Evidently runs its preset once for "
        "each. Memory is what is added to the process that holds the window. The others "
        "read the reference table; the profile (built once from it in "
        f"{built:.1f} CPU s, {size:.0f} MB, all distinct values kept) is mapped.\n\n"
        "| | CPU s | times ours | memory added, MB |\n|---|---:|---:|---:|\n"
        + "\n".join(rows)
        + f"\n\nOurs: {n_cells / ours['cpu'] / 1e6:.0f} million cells a CPU second. "
        f"Largest difference from scipy and numpy: KS {apart['ks']:.1e}, PSI "
        f"{apart['psi']:.1e} (numpy's quantiles lie between two values, ours on one).\n"
    )
    print(TARGET.read_text())


def _prepare(folder: Path) -> float:
    reference = table(N_REFERENCE, 1, 0.0)
    reference.to_parquet(folder / "reference.parquet")
    table(N_CURRENT, 2, 0.01).to_parquet(folder / "current.parquet")
    start = time.process_time()
    profile = Reference(
        {
            name: category_profile([], *category_counts(values))
            if name.startswith("w")
            else number_profile(values)
            for name, values in reference.items()
        }
    )
    (folder / "profile.npz").write_bytes(profile_bytes(profile))
    return time.process_time() - start


def _alone(name: str, folder: Path) -> dict[str, object]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.monitoring.scale", name, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
