"""Measure training on a device; writes docs/results/gpu.md (figures with --json).

Run: ``make bench-gpu`` or ``python -m benchmarks.gpu.training``. It needs torch, numpy
and scikit-learn alone: `assay.networks` is imported, which needs no more, so that it also
runs on a bare machine that holds this checkout. Without a CUDA device it measures the
processor, on fewer rows, and says so. ``--small`` shows in a minute that all of it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assay.networks.devices import driver_version
from assay.networks.encoding import fit_encoding
from assay.networks.parameters import NETWORK_DEFAULTS, Shape
from benchmarks.gpu.floor import floor
from benchmarks.gpu.page import page
from benchmarks.gpu.tokens import Size, texts
from benchmarks.gpu.ways import CATEGORIES, SEED, Bench, generated, measured

PAGE = Path(__file__).resolve().parents[2] / "docs" / "results" / "gpu.md"


def main() -> None:
    """Measure and write the page."""
    asked = arguments()
    device = torch.device(asked.device)
    rows, labels = generated(asked.rows + asked.held)
    encoding = fit_encoding(rows[:100_000], CATEGORIES, 16)
    shape = Shape.of(
        {
            **NETWORK_DEFAULTS["residual_network"],
            "batch_rows": asked.batch,
            "dropout": 0.0,
            "width": asked.width,
        }
    )
    bench = Bench(rows, labels, encoding, shape, device, asked.seconds, asked.held)
    found = {"machine": machine(device), "rows": asked.rows, "batch": asked.batch}
    found["correctness"] = bench.correctness()
    found["floor"] = floor(device, bench.operations_per_row(), bench.bytes_per_row())
    found["ways"] = {}
    for name, way in bench.ways().items():
        found["ways"][name] = measured(way)
        print(name, found["ways"][name], flush=True)
    found["texts"] = texts(device, found["floor"], asked.seconds, text_size(asked))
    found["boosting"] = boosting(rows, labels, asked, found["ways"])
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=1))
    Path(asked.page).write_text(page(found))


def arguments() -> argparse.Namespace:
    """Return the sizes: ten million rows on a device, fewer on a processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    has_device = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if has_device else "cpu")
    parser.add_argument("--rows", type=int, default=10_000_000 if has_device else 200_000)
    parser.add_argument("--batch", type=int, default=65_536 if has_device else 4_096)
    parser.add_argument("--width", type=int, default=256 if has_device else 64)
    parser.add_argument("--seconds", type=float, default=10.0 if has_device else 5.0)
    parser.add_argument("--held", type=int, default=200_000)
    parser.add_argument("--texts", type=int, default=256 if has_device else 16)
    parser.add_argument("--json", default="")
    parser.add_argument("--page", default=str(PAGE))
    parser.add_argument("--small", action="store_true", help="a minute, no page in docs/")
    asked = parser.parse_args()
    if asked.small:
        few = {"rows": 20_000, "held": 5_000, "batch": 1_024, "width": 32, "texts": 4}
        vars(asked).update(few, seconds=1.0)
        asked.page = asked.page if asked.page != str(PAGE) else os.devnull
    return asked


def text_size(asked: argparse.Namespace) -> Size:
    """Return MiniLM's size, or with --small one that takes no time."""
    if not asked.small:
        return Size(batch=asked.texts)
    return Size(500, 32, 2, 2, 64, length=16, batch=asked.texts)


def boosting(
    rows: np.ndarray,
    labels: np.ndarray,
    asked: argparse.Namespace,
    ways: dict[str, Any],
) -> dict[str, Any]:
    """Return the loss and time of scikit-learn's boosting, and who is there first."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import log_loss

    n_rows = min(asked.rows, 1_000_000)
    used, held = slice(asked.held, asked.held + n_rows), slice(asked.held)
    begin = time.perf_counter()
    model = HistGradientBoostingClassifier(max_iter=100, random_state=SEED)
    model.fit(rows[used], labels[used])
    seconds = time.perf_counter() - begin
    probabilities = model.predict_proba(rows[held])[:, 1]
    loss = float(log_loss(labels[held], probabilities))
    reached = {
        name: next((t for t, found in way.get("curve", []) if found <= loss), None)
        for name, way in ways.items()
    }
    return {"rows": n_rows, "seconds": seconds, "loss": loss, "reached": reached}


def machine(device: torch.device) -> dict[str, str]:
    """Return what was measured on."""
    is_device = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(0) if is_device else "processor",
        "driver": driver_version() or "none",
        "torch": torch.__version__,
        "threads": str(torch.get_num_threads()),
    }


if __name__ == "__main__":
    main()
