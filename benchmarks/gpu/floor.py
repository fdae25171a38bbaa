"""What bounds a step on a device: operations and bytes, both rates measured there."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


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
        wait(device)
        found.append(time.perf_counter() - begin)
    return min(found)


def wait(device: torch.device) -> None:
    """Wait until a device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize()
