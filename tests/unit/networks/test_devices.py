"""Networks: devices."""

import pytest
import torch

from assay.errors import DeviceError
from assay.networks.devices import (
    Machine,
    check_device,
    driver_version,
    needed_memory,
    this_machine,
    version,
)
from tests.unit.networks.test_training import train

GIB = 2**30
FINE = Machine("580.95.05", "13.0", 1, "H100", 70 * GIB, 80 * GIB)


def refusal(machine, *needs):
    with pytest.raises(DeviceError) as caught:
        check_device(machine, *needs)
    return str(caught.value)


def test_a_machine_that_fits_passes():
    check_device(FINE, 60 * GIB)


def test_a_driver_older_than_the_runtime_needs_is_named_with_both_versions():
    old = Machine("560.35.03", "13.0", 1, "H100", 70 * GIB, 80 * GIB)
    assert "driver 560.35.03 is older than 580.65.6" in refusal(old)
    assert "runtime 13.0" in refusal(old)


def test_too_little_memory_is_named_with_the_numbers():
    said = refusal(FINE, 75 * GIB)
    assert "H100 has 70.00 GiB of 80.00 GiB free, the run needs 75.00 GiB" in said


def test_too_few_devices_are_counted():
    assert "1 devices are visible, 2 needed" in refusal(FINE, 0, 2)


def test_everything_that_is_absent_is_said_at_once():
    said = refusal(Machine("", ""))
    assert "torch is built without CUDA" in said
    assert "no NVIDIA driver is loaded" in said
    assert "0 devices are visible" in said
    assert "device = cpu" in said


def test_memory_grows_with_rows_and_weights():
    small = needed_memory(1_000, 20, 200, 10_000, 128, 256)
    assert needed_memory(10_000_000, 20, 200, 10_000, 128, 256) - small > 800_000_000
    assert needed_memory(1_000, 20, 200, 10_000_000, 128, 256) - small > 200_000_000


def test_versions_compare_by_number():
    assert version("525.105.17") > version("525.60.13")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_training_that_asks_for_cuda_fails_where_there_is_none(rows):
    with pytest.raises(DeviceError, match="CUDA was asked for"):
        train(rows, device="cuda")


def test_this_machine_is_described():
    found = this_machine()
    assert found.runtime == (torch.version.cuda or "")
    assert found.driver == driver_version()
    assert (found.n_devices > 0) == torch.cuda.is_available()
