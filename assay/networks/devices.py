"""Whether the device that a run asks for is there and fits, with the numbers."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from assay.errors import DeviceError

LEAST_DRIVERS: dict[int, tuple[int, ...]] = {
    11: (450, 80, 2),
    12: (525, 60, 13),
    13: (580, 65, 6),
}
"""Least driver for each CUDA runtime on Linux, by NVIDIA's table of minor version
compatibility (CUDA Toolkit release notes, table 2)."""

CONTEXT_BYTES = 600 * 2**20
"""What a process takes on a device before its first tensor, rounded up."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine has for CUDA.

    Attributes
    ----------
    driver : str
        Version of the NVIDIA driver; empty without one.
    runtime : str
        CUDA runtime that torch was built with; empty for a build without CUDA.
    n_devices : int
        Devices that torch can use.
    name : str
        Of the first device.
    free_bytes, total_bytes : int
        Memory of the first device.
    """

    driver: str
    runtime: str
    n_devices: int = 0
    name: str = ""
    free_bytes: int = 0
    total_bytes: int = 0


def this_machine() -> Machine:
    """Return what this machine has for CUDA."""
    import torch

    driver, runtime = driver_version(), torch.version.cuda or ""
    if not (runtime and torch.cuda.is_available()):
        return Machine(driver, runtime)
    free, total = torch.cuda.mem_get_info(0)
    return Machine(
        driver=driver,
        runtime=runtime,
        n_devices=torch.cuda.device_count(),
        name=torch.cuda.get_device_name(0),
        free_bytes=free,
        total_bytes=total,
    )


def check_device(machine: Machine, needed_bytes: int = 0, n_devices: int = 1) -> None:
    """Refuse a machine on which a run on CUDA could not be trained.

    Parameters
    ----------
    machine : Machine
        What there is.
    needed_bytes : int
        Memory that the run needs on each device, from `needed_memory`.
    n_devices : int
        Devices that it asks for.

    Raises
    ------
    DeviceError
        Naming every thing that does not fit, what there is and what is needed.
    """
    faults = []
    if not machine.runtime:
        faults.append(
            "torch is built without CUDA: install the build of the CUDA image "
            "(deployments/images)"
        )
    if not machine.driver:
        faults.append("no NVIDIA driver is loaded on this machine")
    least = least_driver(machine.runtime)
    if machine.driver and least and version(machine.driver) < least:
        faults.append(
            f"driver {machine.driver} is older than {'.'.join(map(str, least))}, the "
            f"least for CUDA runtime {machine.runtime}: update the driver"
        )
    if machine.n_devices < n_devices:
        faults.append(
            f"{machine.n_devices} devices are visible, {n_devices} needed: check "
            "CUDA_VISIBLE_DEVICES, device_requests or the resource limits"
        )
    elif needed_bytes > machine.free_bytes:
        faults.append(
            f"{machine.name} has {_gib(machine.free_bytes)} of "
            f"{_gib(machine.total_bytes)} free, the run needs {_gib(needed_bytes)}: "
            "lower batch_rows, members or width, or end what holds the memory"
        )
    if faults:
        raise DeviceError(
            "CUDA was asked for and this machine cannot: "
            + "; ".join(faults)
            + ". To train on the processor, ask for it: device = cpu"
        )


def least_driver(runtime: str) -> tuple[int, ...] | None:
    """Return the least driver for a runtime such as ``12.8``; None where not known."""
    return LEAST_DRIVERS.get(int(runtime.split(".")[0])) if runtime else None


def version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version, as they compare.

    Examples
    --------
    >>> version("525.60.13") < version("525.105.17")
    True
    """
    return tuple(int(part) for part in re.findall(r"\d+", text))


def needed_memory(
    n_rows: int, n_features: int, n_columns: int, n_weights: int, hidden: int, batch: int
) -> int:
    """Return the bytes that a training takes on its device, an upper estimate.

    Parameters
    ----------
    n_rows, n_features : int
        Training rows; they lie on the device as float32 for the whole training.
    n_columns : int
        Columns of the encoding.
    n_weights : int
        Weights; each is held with its gradient and two moments, and twice more for the
        best state and a checkpoint.
    hidden : int
        Values between the layers for one row, over all members.
    batch : int
        Rows a step; values are held forward and backward.
    """
    resident = n_rows * (n_features + 1) * 4
    weights = n_weights * 4 * 6
    steps = batch * (3 * n_columns + 3 * hidden) * 4
    return CONTEXT_BYTES + resident + weights + steps


def driver_version() -> str:
    """Return the version of the loaded NVIDIA driver; empty without one."""
    try:
        told = Path("/proc/driver/nvidia/version").read_text()
    except OSError:
        return _asked_driver()
    found = re.search(r"Kernel Module\D*(\d+(?:\.\d+)+)", told)
    return found.group(1) if found else _asked_driver()


def _asked_driver() -> str:
    """Return what nvidia-smi says, for containers that hide the file."""
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(  # noqa: S603 # a fixed command
            query, capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.strip().split("\n")[0]


def used_memory(device: str) -> int:
    """Return the most bytes in use so far: of the device, or of this process."""
    if device == "cpu":
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    import torch

    return int(torch.cuda.max_memory_allocated())


def utilisation(device: str) -> float | None:
    """Return the share of the last second in which the device was busy, or None."""
    if device == "cpu":
        return None
    import torch

    try:
        return float(torch.cuda.utilization()) / 100
    except (ImportError, RuntimeError):  # NVML is not there, or tells nothing
        return None


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:.2f} GiB"
