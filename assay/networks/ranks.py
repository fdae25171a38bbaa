"""Training in several processes, one a device, whose gradients are averaged."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, multiprocessing
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException

from assay.errors import DataError
from assay.networks.encoding import Encoding
from assay.networks.network import Network
from assay.networks.watching import Epoch, Watch

Floats: TypeAlias = NDArray[np.float64]

WAIT = timedelta(minutes=10)
"""Longest wait of one rank for the others."""


def train_in_ranks(
    matrix: Floats,
    labels: Floats,
    categories: tuple[tuple[float, ...] | None, ...],
    given: dict[str, Any],
    watch: Watch,
) -> tuple[Network, tuple[Epoch, ...]]:
    """Return what the first of several ranks ends with; all end with the same weights.

    Parameters
    ----------
    matrix, labels, categories
        As `train_network`; every rank holds all rows and steps on its part of a batch.
    given : dict
        Kind, shape, seed and whether rows are in time.
    watch : Watch
        A checkpoint is kept; the passes are told when training has ended.

    Raises
    ------
    DataError
        If a rank ends with an error; its trace is in the message.

    Notes
    -----
    Without dropout the result is that of one process up to the order of sums, that of
    experts too: their use is counted over the whole batch, and the draws of a noisy gate
    are those of one process.
    """
    n_ranks = given["shape"].ranks
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.pt"
        arguments = (free_port(), matrix, labels, categories, given, watch.checkpoint)
        try:
            multiprocessing.spawn(_rank, (*arguments, result), nprocs=n_ranks)
        except (ProcessExitedException, ProcessRaisedException) as error:
            raise DataError(f"one of {n_ranks} ranks ended: {error}") from error
        found = torch.load(result, weights_only=True)
    arrays = {name: np.asarray(value.numpy()) for name, value in found["network"].items()}
    encoding = {name: np.asarray(v.numpy()) for name, v in found["encoding"].items()}
    network = Network(encoding=Encoding(**encoding, n_features=matrix.shape[1]), **arrays)
    epochs = tuple(Epoch(**each) for each in found["epochs"])
    for epoch in epochs if watch.listen is not None else ():
        watch.listen(epoch)  # type: ignore[misc] # asked just now
    return network, epochs


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _rank(
    rank: int,
    port: int,
    matrix: Floats,
    labels: Floats,
    categories: tuple[tuple[float, ...] | None, ...],
    given: dict[str, Any],
    checkpoint: Path | None,
    result: Path,
) -> None:
    from assay.networks.training import train_network

    shape = given["shape"]
    if shape.device == "cuda":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        backend="nccl" if shape.device == "cuda" else "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=rank,
        world_size=shape.ranks,
        timeout=WAIT,
    )
    try:
        watch = Watch(checkpoint=checkpoint)
        network, epochs = train_network(matrix, labels, categories, watch=watch, **given)
    finally:
        distributed.destroy_process_group()
    if rank == 0:
        arrays = asdict(network)
        encoding = arrays.pop("encoding")
        encoding.pop("n_features")
        torch.save(
            {
                "network": {k: torch.as_tensor(v) for k, v in arrays.items()},
                "encoding": {k: torch.as_tensor(v) for k, v in encoding.items()},
                "epochs": [asdict(each) for each in epochs],
            },
            result,
        )
