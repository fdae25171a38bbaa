"""Train a network: rows on the device, batches by index, the best pass kept."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed
from torch.nn import functional

from assay.errors import DataError
from assay.networks.checkpoints import fingerprint, read_state, save_state
from assay.networks.deal import validation_deal
from assay.networks.devices import (
    check_device,
    needed_memory,
    this_machine,
    used_memory,
    utilisation,
)
from assay.networks.encoding import Encoding, fit_encoding
from assay.networks.modules import Members, combined, loss_of, to_network
from assay.networks.network import Network
from assay.networks.parameters import Kind, Shape
from assay.networks.repeatable import repeatable
from assay.networks.together import GateNoise, is_first, mean_over_ranks, own_part
from assay.networks.watching import Epoch, Watch

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

VALIDATION_ROWS = 65_536
"""Rows at a time while the validation loss is measured."""


def train_network(
    matrix: Floats,
    labels: Floats,
    categories: tuple[tuple[float, ...] | None, ...],
    *,
    kind: Kind,
    shape: Shape,
    seed: int,
    in_time: bool = False,
    watch: Watch | None = None,
) -> tuple[Network, tuple[Epoch, ...]]:
    """Return a trained network and the passes that it took.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_features)
        Training rows of the design matrix, NaN for missing; oldest first where they
        have a time.
    labels : ndarray of shape (n_rows,)
        0 or 1.
    categories : tuple of (tuple of float or None), length n_features
        Code numbers of each column; None for a number.
    kind : str
        One of `KINDS`.
    shape : Shape
        Sizes and training.
    seed : int
        Of the weights, the deal, the order of rows and the dropout.
    in_time : bool
        Whether the newest rows decide when to stop, instead of dealt ones.
    watch : Watch, optional
        Who hears of each pass, and where a checkpoint is kept.

    Raises
    ------
    DataError
        If there are too few rows, or the checkpoint is of another training.
    DeviceError
        If the device that the shape asks for is not there or does not fit.

    Notes
    -----
    Every pass draws from a generator seeded by (seed, pass), so a training that was
    killed goes on from its last pass to the same weights. On one kind of device the
    result repeats to the bit: one thread, deterministic kernels.
    """
    if shape.ranks > 1 and not distributed.is_initialized():
        from assay.networks.ranks import train_in_ranks

        given = {"kind": kind, "shape": shape, "seed": seed, "in_time": in_time}
        return train_in_ranks(matrix, labels, categories, given, watch or Watch())
    train, held = validation_deal(labels, shape.validation_share, seed, in_time=in_time)
    encoding = fit_encoding(matrix[train], categories, shape.bins)
    watch = watch or Watch()
    if shape.device == "cuda":
        check_device(this_machine(), n_devices=shape.ranks)
    with repeatable(seed, shape.device):
        loop = _Loop(kind, shape, encoding, seed)
        if shape.device == "cuda":
            check_device(this_machine(), loop.needed_bytes(len(labels)))
        loop.load(matrix, labels, train, held)
        recipe = {**asdict(shape), "kind": kind, "seed": seed, "in_time": int(in_time)}
        if watch.checkpoint is not None:
            loop.resume(watch.checkpoint, fingerprint(matrix, labels, recipe))
        loop.run(watch)
        return to_network(loop.best_module(), encoding), tuple(loop.epochs)


class _Loop:
    """State and steps of one training."""

    def __init__(self, kind: Kind, shape: Shape, encoding: Encoding, seed: int) -> None:
        self.shape, self.seed, self.encoding = shape, seed, encoding
        self.device = torch.device(shape.device)
        self.module = Members(kind, shape, encoding)
        self.epochs: list[Epoch] = []
        self.best: dict[str, Any] = {}
        self.best_loss, self.n_stale = float("inf"), 0
        self.training = ""

    def needed_bytes(self, n_rows: int) -> int:
        shape, n_columns = self.shape, len(self.encoding.owners)
        n_weights = sum(each.numel() for each in self.module.parameters())
        hidden = shape.members * shape.width * (2 + 4 * shape.blocks)
        sizes = (n_rows, self.encoding.n_features, n_columns * shape.members, n_weights)
        return needed_memory(*sizes, hidden, shape.batch_rows)

    def load(self, matrix: Floats, labels: Floats, train: Ints, held: Ints) -> None:
        """Put rows and weights on the device, where they stay."""

        def tensor(values: Floats) -> Any:  # noqa: ANN401 # torch is untyped here
            return torch.as_tensor(values, dtype=torch.float32, device=self.device)

        self.train = tensor(matrix[train]), tensor(labels[train])
        self.held = tensor(matrix[held]), tensor(labels[held])
        self.module.to(self.device)
        self.stepped: Any = self.module
        if self.shape.compile:
            self.stepped = torch.compile(self.module)
        if distributed.is_initialized():
            self.stepped = torch.nn.parallel.DistributedDataParallel(self.stepped)
        self.optimiser = torch.optim.AdamW(
            _parameter_groups(self.module, self.shape.weight_decay),
            lr=self.shape.learning_rate,
        )

    def resume(self, path: Any, training: str) -> None:  # noqa: ANN401 # a path
        self.training = training
        state = read_state(path, training)
        if state is None:
            return
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best, self.best_loss = state["best"], state["best_loss"]
        self.n_stale = state["n_stale"]
        self.epochs = [Epoch(**each) for each in state["epochs"]]

    def run(self, watch: Watch) -> None:
        shape = self.shape
        while len(self.epochs) < shape.most_epochs and self.n_stale < shape.patience:
            epoch = self._pass(len(self.epochs) + 1)
            self.epochs.append(epoch)
            if epoch.validation_loss < self.best_loss:
                self.best_loss, self.n_stale = epoch.validation_loss, 0
                state = self.module.state_dict()
                self.best = {k: v.detach().cpu().clone() for k, v in state.items()}
            else:
                self.n_stale += 1
            if watch.checkpoint is not None and is_first():
                save_state(watch.checkpoint, self._state())
            if watch.listen is not None and is_first():
                watch.listen(epoch)

    def best_module(self) -> Members:
        if not self.best:
            raise DataError(
                "the validation loss was never a number: the rows hold values that no "
                "network can learn from, or the learning rate is too high"
            )
        self.module.load_state_dict(self.best)
        return self.module

    def _pass(self, number: int) -> Epoch:
        order, noise = self._drawn(number)
        rows, labels = self.train
        begin, losses, n_seen = time.perf_counter(), [], 0
        self.stepped.train()
        for batch in order.split(self.shape.batch_rows):
            own, share = own_part(batch)
            drawn = None if noise is None else noise.of(len(batch), self._dtype)
            losses.append(self._step(rows[own], labels[own], share, drawn) * share)
            n_seen += len(batch)
        total = float(mean_over_ranks(torch.stack(losses).mean()))  # waits for the device
        seconds = time.perf_counter() - begin
        return Epoch(
            number=number,
            most=self.shape.most_epochs,
            training_loss=total,
            validation_loss=self._validation_loss(),
            rows_per_second=n_seen / max(seconds, 1e-9),
            memory_bytes=used_memory(self.shape.device),
            utilisation=utilisation(self.shape.device),
        )

    def _drawn(self, number: int) -> tuple[Any, GateNoise | None]:
        """Return a pass's order of rows and, in several ranks, the draws of its gate."""
        drawn = np.random.SeedSequence([self.seed, number]).generate_state(2)
        torch.manual_seed(int(drawn[0]) << 32 | int(drawn[1]))
        order = torch.randperm(len(self.train[0])).to(self.device)
        if not distributed.is_initialized():
            return order, None
        is_gated = self.module.is_gated
        noise = GateNoise(self.device, self.shape.members) if is_gated else None
        # Each rank leaves out other values.
        torch.manual_seed((int(drawn[0]) << 32) + distributed.get_rank())
        return order, noise

    @property
    def _dtype(self) -> torch.dtype:
        half = self.shape.precision == "bfloat16"
        return torch.bfloat16 if half else torch.float32

    def _step(self, rows: Any, labels: Any, share: float, noise: Any) -> Any:  # noqa: ANN401 # tensors
        self.optimiser.zero_grad(set_to_none=True)
        half = self._dtype == torch.bfloat16
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            answers, logits = self.stepped(rows, noise)
        logits = None if logits is None else logits.float()
        loss = loss_of(answers.float(), logits, labels, self.shape.balance)
        (loss * share).backward()
        self.optimiser.step()
        return loss.detach()

    def _validation_loss(self) -> float:
        self.module.eval()
        rows, labels = self.held
        total = 0.0
        with torch.no_grad():
            for start in range(0, len(rows), VALIDATION_ROWS):
                part = slice(start, start + VALIDATION_ROWS)
                mixed = combined(*self.module(rows[part])).double()
                total += float(
                    functional.binary_cross_entropy_with_logits(
                        mixed, labels[part].double(), reduction="sum"
                    )
                )
        return total / len(rows)

    def _state(self) -> dict[str, Any]:
        return {
            "training": self.training,
            "module": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "best_loss": self.best_loss,
            "n_stale": self.n_stale,
            "epochs": [asdict(each) for each in self.epochs],
        }


def _parameter_groups(module: Members, weight_decay: float) -> list[dict[str, Any]]:
    """Return parameters with weight decay for matrices alone."""
    decayed: list[Any] = []
    plain: list[Any] = []
    for name, each in module.named_parameters():
        (decayed if "matrix" in name or name == "gate.weight" else plain).append(each)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
