"""The ways to train one network that are compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from assay.networks.modules import Members, combined, loss_of, to_network
from assay.networks.parameters import Shape
from benchmarks.gpu.floor import wait

N_FEATURES, N_WORDS, SEED = 20, 5, 0
CATEGORIES = (*[None] * (N_FEATURES - N_WORDS), *[(0.0, 1.0, 2.0, 3.0)] * N_WORDS)


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
        n_held: int,
    ) -> None:
        self.rows, self.labels = rows[n_held:], labels[n_held:].astype(np.float32)
        self.held = torch.as_tensor(rows[:n_held], device=device)
        held_labels = labels[:n_held].astype(np.float32)
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
        wait(self.device)
        begin, n_rows = time.perf_counter(), 0
        curve: list[tuple[float, float]] = []
        for rows, labels in batches:
            step(rows, labels)
            n_rows += len(labels)
            if time.perf_counter() - begin < self.seconds * (len(curve) + 1) / 10:
                continue
            wait(self.device)
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


def measured(way: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a way's figures, or why it could not be run."""
    try:
        return way()
    except (RuntimeError, ImportError, OSError) as error:
        return {"not_run": f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"}
