"""Measure training on a device; writes docs/results/gpu.md (figures with --json).

Run: ``make bench-gpu`` or ``python -m benchmarks.gpu.training``. It needs torch, numpy
and scikit-learn alone: `assay.networks` is imported, which needs no more, so that it also
runs on a bare machine that holds this checkout. Without a CUDA device it measures the
processor, on fewer rows, and says so.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from assay.networks.devices import driver_version
from assay.networks.encoding import fit_encoding
from assay.networks.modules import Members, combined, loss_of, to_network
from assay.networks.parameters import NETWORK_DEFAULTS, Shape

PAGE = Path(__file__).resolve().parents[2] / "docs" / "results" / "gpu.md"
N_FEATURES, N_WORDS, SEED = 20, 5, 0
HELD_ROWS = 200_000
CATEGORIES = (*[None] * (N_FEATURES - N_WORDS), *[(0.0, 1.0, 2.0, 3.0)] * N_WORDS)


def main() -> None:
    """Measure and write the page."""
    asked = arguments()
    device = torch.device(asked.device)
    rows, labels = generated(asked.rows + HELD_ROWS)
    encoding = fit_encoding(rows[:100_000], CATEGORIES, 16)
    shape = Shape.of(
        {
            **NETWORK_DEFAULTS["residual_network"],
            "batch_rows": asked.batch,
            "dropout": 0.0,
            "width": asked.width,
        }
    )
    bench = Bench(rows, labels, encoding, shape, device, asked.seconds)
    found = {"machine": machine(device), "rows": asked.rows, "batch": asked.batch}
    found["correctness"] = bench.correctness()
    found["floor"] = floor(device, bench.operations_per_row(), bench.bytes_per_row())
    found["ways"] = {}
    for name, way in bench.ways().items():
        found["ways"][name] = measured(way)
        print(name, found["ways"][name], flush=True)
    found["boosting"] = boosting(rows, labels, asked.rows, found["ways"])
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=1))
    PAGE.write_text(page(found))


def arguments() -> argparse.Namespace:
    """Return the sizes: ten million rows on a device, fewer on a processor."""
    parser = argparse.ArgumentParser(description=__doc__)
    has_device = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if has_device else "cpu")
    parser.add_argument("--rows", type=int, default=10_000_000 if has_device else 200_000)
    parser.add_argument("--batch", type=int, default=65_536 if has_device else 4_096)
    parser.add_argument("--width", type=int, default=256 if has_device else 64)
    parser.add_argument("--seconds", type=float, default=10.0 if has_device else 5.0)
    parser.add_argument("--json", default="")
    return parser.parse_args()


def generated(n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows whose label depends on waves, products and words."""
    rng = np.random.default_rng(SEED)
    rows = rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
    rows[:, -N_WORDS:] = rng.integers(0, 4, (n_rows, N_WORDS))
    log_odds = np.sin(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] - 0.5 * rows[:, 3]
    log_odds += (rows[:, -1] == 1) * rows[:, 4]
    return rows, (rng.random(n_rows, dtype=np.float32) < 1 / (1 + np.exp(-log_odds)))


class Bench:
    """One network and the ways to train it."""

    def __init__(
        self,
        rows: np.ndarray,
        labels: np.ndarray,
        encoding: Any,  # noqa: ANN401 # Encoding
        shape: Shape,
        device: torch.device,
        seconds: float,
    ) -> None:
        self.rows, self.labels = rows[HELD_ROWS:], labels[HELD_ROWS:].astype(np.float32)
        self.held = torch.as_tensor(rows[:HELD_ROWS], device=device)
        held_labels = labels[:HELD_ROWS].astype(np.float32)
        self.held_labels = torch.as_tensor(held_labels, device=device)
        self.encoding, self.shape = encoding, shape
        self.device, self.seconds = device, seconds

    def module(self) -> Members:
        """Return the network with the same first weights each time."""
        torch.manual_seed(SEED)
        return Members("residual_network", self.shape, self.encoding).to(self.device)

    def operations_per_row(self) -> int:
        """Return multiplications and additions of a step, forward and backward."""
        width, n_columns = self.shape.width, len(self.encoding.owners)
        weights = n_columns * width + 2 * self.shape.blocks * width * width + width
        return 3 * 2 * weights - 2 * n_columns * width  # no gradient of the columns

    def bytes_per_row(self) -> int:
        """Return the bytes that a step must at least move for a row, in float32.

        The row is read; what lies between the layers is written once and read once.
        """
        width, n_columns = self.shape.width, len(self.encoding.owners)
        between = n_columns + width * (1 + 3 * self.shape.blocks)
        return 4 * (N_FEATURES + 1 + 2 * 2 * between)

    def correctness(self) -> dict[str, float]:
        """Return how far the device's answers are from float64 with numpy."""
        module = self.module().eval()
        exact = to_network(module, self.encoding).log_odds(
            self.held[:20_000].cpu().numpy().astype(np.float64)
        )
        found = {}
        for precision in ("float32", "bfloat16"):
            with torch.no_grad(), self.autocast(precision):
                answers = combined(*module(self.held[:20_000]))
            difference = np.abs(answers.double().cpu().numpy() - exact)
            found[precision] = float(difference.max())
        return found

    def autocast(self, precision: str) -> Any:  # noqa: ANN401 # a context
        """Return the context of a precision."""
        half = precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=half)

    def ways(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return the ways to train by name; each trains for as long as it is given."""
        found: dict[str, Callable[[], dict[str, Any]]] = {
            "DataLoader loop, batches of 256": self.by_loader,
            "resident, by index, float32": lambda: self.resident("float32"),
            "resident, by index, bfloat16": lambda: self.resident("bfloat16"),
            "the same, compiled": lambda: self.resident("bfloat16", compiled=True),
        }
        if self.device.type == "cuda":
            found["resident, bfloat16, CUDA graph"] = self.graphed
        return found

    def step(self, module: Any, optimiser: Any, rows: Any, labels: Any, how: str) -> Any:  # noqa: ANN401 # torch is untyped here
        """Take one step and return its loss."""
        optimiser.zero_grad(set_to_none=True)
        with self.autocast(how):
            answers, logits = module(rows)
        loss = loss_of(answers.float(), logits, labels, 0.0)
        loss.backward()
        optimiser.step()
        return loss

    def optimiser(self, module: Any, **more: bool) -> Any:  # noqa: ANN401 # torch is untyped here
        """Return AdamW as the training uses it."""
        return torch.optim.AdamW(module.parameters(), lr=1e-3, **more)

    def by_loader(self) -> dict[str, Any]:
        """Train as the tutorials do: rows on the host, small batches, two workers."""
        module = self.module()
        optimiser = self.optimiser(module)
        rows = TensorDataset(torch.as_tensor(self.rows), torch.as_tensor(self.labels))
        loader = DataLoader(rows, batch_size=256, shuffle=True, num_workers=2)

        def batches() -> Iterator[tuple[Any, Any]]:
            while True:
                for some, outcomes in loader:
                    yield some.to(self.device), outcomes.to(self.device)

        return self.timed(
            module, batches(), lambda r, y: self.step(module, optimiser, r, y, "float32")
        )

    def resident(self, how: str, *, compiled: bool = False) -> dict[str, Any]:
        """Train with rows on the device and large batches by index."""
        module = self.module()
        stepped = torch.compile(module) if compiled else module
        optimiser = self.optimiser(module)
        return self.timed(
            module,
            self.by_index(),
            lambda rows, labels: self.step(stepped, optimiser, rows, labels, how),
        )

    def graphed(self) -> dict[str, Any]:
        """Train with the whole step as one CUDA graph."""
        module = self.module()
        optimiser = self.optimiser(module, capturable=True)
        n_rows = self.shape.batch_rows
        rows = torch.zeros(n_rows, N_FEATURES, device=self.device)
        labels = torch.zeros(n_rows, device=self.device)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step(module, optimiser, rows, labels, "bfloat16")
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            loss = self.step(module, optimiser, rows, labels, "bfloat16")

        def replay(some: Any, outcomes: Any) -> Any:  # noqa: ANN401 # tensors
            rows.copy_(some)
            labels.copy_(outcomes)
            graph.replay()
            return loss

        return self.timed(module, self.by_index(), replay)

    def by_index(self) -> Iterator[tuple[Any, Any]]:
        """Yield batches of rows that lie on the device, without end."""
        rows = torch.as_tensor(self.rows, device=self.device)
        labels = torch.as_tensor(self.labels, device=self.device)
        while True:
            order = torch.randperm(len(rows), device=self.device)
            for batch in order.split(self.shape.batch_rows):
                if len(batch) == self.shape.batch_rows:
                    yield rows[batch], labels[batch]

    def timed(
        self,
        module: Any,  # noqa: ANN401 # torch is untyped here
        batches: Iterator[tuple[Any, Any]],
        step: Callable[..., Any],
    ) -> dict[str, Any]:
        """Train for the given time; return rows a second and the curve of the loss."""
        step(*next(batches))  # what is made at the first step
        self.wait()
        begin, n_rows = time.perf_counter(), 0
        curve: list[tuple[float, float]] = []
        for rows, labels in batches:
            step(rows, labels)
            n_rows += len(labels)
            if time.perf_counter() - begin < self.seconds * (len(curve) + 1) / 10:
                continue
            self.wait()
            paused = time.perf_counter()
            curve.append((paused - begin, self.held_loss(module)))
            begin += time.perf_counter() - paused
            if len(curve) == 10:
                break
        return {"rows_per_second": n_rows / curve[-1][0], "curve": curve}

    def held_loss(self, module: Any) -> float:  # noqa: ANN401 # a module
        """Return the log loss on rows that no step has seen."""
        module.eval()
        with torch.no_grad():
            mixed = combined(*module(self.held))
            loss = functional.binary_cross_entropy_with_logits(mixed, self.held_labels)
        module.train()
        return float(loss)

    def wait(self) -> None:
        """Wait until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def measured(way: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a way's figures, or why it could not be run."""
    try:
        return way()
    except (RuntimeError, ImportError, OSError) as error:
        return {"not_run": f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"}


def floor(device: torch.device, operations: int, n_bytes: int) -> dict[str, float]:
    """Return what bounds a step: rows a second by operations and by bytes.

    Both rates are measured on this very device: a large product of matrices in
    bfloat16 and in float32, and a copy.
    """
    found = {
        "operations_per_row": float(operations),
        "bytes_per_row": float(n_bytes),
        "copied_bytes_per_second": copy_rate(device),
    }
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        found[f"{name}_operations_per_second"] = product_rate(device, dtype)
    by_bytes = found["copied_bytes_per_second"] / n_bytes
    for name in ("float32", "bfloat16"):
        by_operations = found[f"{name}_operations_per_second"] / operations
        found[f"{name}_rows_per_second"] = min(by_operations, by_bytes)
    return found


def product_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Return operations a second of a product of two square matrices."""
    size = 8192 if device.type == "cuda" else 1024
    one = torch.randn(size, size, device=device, dtype=dtype)
    return 2.0 * size**3 / best_time(device, lambda: one @ one)


def copy_rate(device: torch.device) -> float:
    """Return bytes a second of a copy, reads and writes counted."""
    values = torch.ones(2**28 if device.type == "cuda" else 2**24, device=device)
    target = torch.empty_like(values)
    return 2.0 * values.numel() * 4 / best_time(device, lambda: target.copy_(values))


def best_time(device: torch.device, call: Callable[[], object]) -> float:
    """Return the least seconds of ten calls."""
    found = []
    for _ in range(10):
        begin = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        found.append(time.perf_counter() - begin)
    return min(found)


def boosting(
    rows: np.ndarray, labels: np.ndarray, n_rows: int, ways: dict[str, Any]
) -> dict[str, Any]:
    """Return the loss and time of scikit-learn's boosting, and who is there first."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import log_loss

    n_rows = min(n_rows, 1_000_000)
    used, held = slice(HELD_ROWS, HELD_ROWS + n_rows), slice(HELD_ROWS)
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


def page(found: dict[str, Any]) -> str:
    """Return the results as Markdown."""
    bounds, slowest = found["floor"], None
    lines = [
        "# Training on a device",
        "",
        "Written by `make bench-gpu` (`python -m benchmarks.gpu.training`).",
        "",
        ", ".join(f"{name}: {value}" for name, value in found["machine"].items())
        + f"; {found['rows']:,} generated rows, batches of {found['batch']:,}.",
        "",
    ]
    if "processor" in found["machine"]["device"]:
        lines += [
            "**Not run on a CUDA device: none was at hand.** The figures below are of a "
            "processor and say nothing about the goals (20 times the DataLoader loop, "
            "half of the floor); they show that the command runs.",
            "",
        ]
    lines += [
        "| way | rows a second | times the DataLoader loop | share of the floor "
        "| seconds to boosting's loss |",
        "|---|---|---|---|---|",
    ]
    for name, way in found["ways"].items():
        if "not_run" in way:
            lines.append(f"| {name} | not run: {way['not_run']} | | | |")
            continue
        rate = way["rows_per_second"]
        slowest = slowest or rate
        how = "float32" if "float32" in name or "DataLoader" in name else "bfloat16"
        share = rate / bounds[f"{how}_rows_per_second"]
        reached = found["boosting"]["reached"][name]
        when = f"{reached:.1f}" if reached is not None else "not in the time given"
        lines.append(
            f"| {name} | {rate:,.0f} | {rate / slowest:.1f} | {share:.1%} | {when} |"
        )
    return "\n".join([*lines, "", *_notes(found)]) + "\n"


def _notes(found: dict[str, Any]) -> list[str]:
    bounds, rival = found["floor"], found["boosting"]
    return [
        f"scikit-learn's boosting on {rival['rows']:,} rows: log loss "
        f"{rival['loss']:.4f} after {rival['seconds']:.1f} s.",
        "",
        f"The floor: {bounds['operations_per_row']:,.0f} operations and "
        f"{bounds['bytes_per_row']:,.0f} bytes a row; measured here, "
        f"{bounds['float32_operations_per_second'] / 1e12:.2f} and "
        f"{bounds['bfloat16_operations_per_second'] / 1e12:.2f} million million "
        "operations a second in float32 and bfloat16, "
        f"{bounds['copied_bytes_per_second'] / 1e9:.1f} GB/s copied.",
        "",
        "Largest difference in log-odds to float64: "
        + ", ".join(f"{k} {v:.1e}" for k, v in found["correctness"].items())
        + ".",
    ]


if __name__ == "__main__":
    main()
