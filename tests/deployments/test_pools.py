"""The pool of devices: its templates render, and its limit holds a second run back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.utilities.templating import apply_values, find_placeholders

from assay.settings import Settings
from deployments.pools import apply_pools, cuda_template, planned_pools
from tests.services import running_prefect

WAIT_SECONDS = 180
HOLDING = """
from pathlib import Path
import time
from prefect import flow

@flow
def hold(folder: str, name: str) -> None:
    (Path(folder) / f"{name}.began").touch()
    while not (Path(folder) / f"{name}.let-go").exists():
        time.sleep(0.2)
"""


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_every_variable_of_a_template_is_declared_and_used(kind):
    template = cuda_template(kind)
    used = {each.name for each in find_placeholders(template["job_configuration"])}
    assert used == set(template["variables"]["properties"])


def rendered(kind, **given):
    template = cuda_template(kind)
    properties = template["variables"]["properties"]
    values = {k: v["default"] for k, v in properties.items() if "default" in v}
    return apply_values(template["job_configuration"], {**values, **given})


def test_a_container_gets_one_device():
    made = rendered("docker")["container_create_kwargs"]
    assert made["device_requests"] == [
        {"driver": "nvidia", "count": 1, "capabilities": [["gpu"]]}
    ]


def test_a_pod_gets_one_device_on_a_node_that_has_them():
    manifest = rendered("kubernetes", name="run", command="go")["job_manifest"]
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert pod["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert "{{" not in json.dumps(container["resources"])
    assert "serviceAccountName" not in pod  # what nobody gave is left out


def test_a_process_repeats_to_the_bit():
    env = cuda_template("process")["variables"]["properties"]["env"]["default"]
    assert env == {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}


def test_the_pool_is_as_large_as_there_are_devices():
    (cuda,) = [
        one for one in planned_pools(Settings(cuda_devices=3)) if one.name == "cuda"
    ]
    assert cuda.limit == 3
    assert cuda.queues == {"train": 3}


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "prefect"
    folder.mkdir()
    with running_prefect(folder, f"sqlite+aiosqlite:///{folder}/prefect.db") as api:
        yield api


@pytest.fixture
def worker(server, tmp_path):
    """Start a worker of the pool that may start as many runs as it is given."""
    command = ("-m", "prefect", "worker", "start", "--pool", "cuda", "--type", "process")
    asking = {"PREFECT_API_URL": server, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    started = subprocess.Popen(
        [sys.executable, *command, "--install-policy", "never"],
        cwd=tmp_path,
        env={**os.environ, **asking},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield started
    started.send_signal(signal.SIGINT)
    try:
        started.wait(timeout=60)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait(timeout=60)


@pytest.mark.slow
def test_a_second_run_waits_until_the_device_is_free(server, tmp_path, request):
    (tmp_path / "holding.py").write_text(HOLDING)
    with temporary_settings({PREFECT_API_URL: server}):
        with get_client(sync_client=True) as client:
            apply_pools(client, Settings(cuda_devices=1))
            apply_pools(client, Settings(cuda_devices=1))  # again changes nothing
        first, second = asyncio.run(submitted(tmp_path))
        request.getfixturevalue("worker")
        began = until(lambda: sorted(each.stem for each in tmp_path.glob("*.began")))
        assert len(began) == 1, "two runs on one device"
        assert state_of(second if began == ["first"] else first) in WAITING
        # The worker has polled many times since; the second still waits.
        until(polled_again)
        assert len(list(tmp_path.glob("*.began"))) == 1
        (tmp_path / f"{began[0]}.let-go").touch()
        until(lambda: len(list(tmp_path.glob("*.began"))) == 2)
        for name in ("first", "second"):
            (tmp_path / f"{name}.let-go").touch()
        until(lambda: {state_of(one) for one in (first, second)} == {"COMPLETED"})


WAITING = {"SCHEDULED", "PENDING"}
POLLED: list[float] = []


def polled_again() -> bool:
    """Return True when the worker, which asks each second, has asked a dozen times."""
    POLLED.append(time.monotonic())
    return POLLED[-1] - POLLED[0] > 12


def until(check):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {WAIT_SECONDS} s")


def state_of(run_id):
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id).state_type.value


async def submitted(folder):
    """Deploy the flow to the pool's queue and ask for two runs; return their ids."""
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(f"{folder}/holding.py:hold")
    async with get_client() as client:
        deployment = await client.create_deployment(
            flow_id=await client.create_flow(flow),
            name="held",
            entrypoint="holding.py:hold",
            path=str(folder),
            work_pool_name="cuda",
            work_queue_name="train",
        )
        runs = [
            await client.create_flow_run_from_deployment(
                deployment, parameters={"folder": str(folder), "name": name}
            )
            for name in ("first", "second")
        ]
    return [one.id for one in runs]
