"""Training that repeats to the bit, and leaves torch as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(seed: int, device: str) -> Iterator[None]:
    """Draw from `seed`, on one thread, with deterministic kernels.

    Parameters
    ----------
    seed : int
        Of torch's generators.
    device : str
        ``cpu`` or ``cuda``.
    """
    threads = torch.get_num_threads()
    before = torch.are_deterministic_algorithms_enabled()
    devices = []
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        devices = [torch.cuda.current_device()]
    with torch.random.fork_rng(devices=devices):
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)
            torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(before)
