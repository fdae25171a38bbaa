"""Work pools and their queues: what runs where, and how many at once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from assay.settings import Settings

PoolKind: TypeAlias = Literal["process", "docker", "kubernetes"]

POOLS = {
    "local": "Flow runs as processes on the machines of `prefect worker start -p local`.",
    "cuda": "Flow runs that need a CUDA device; no more at once than there are devices.",
}
TRAIN_QUEUE = "train"
TEMPLATES = Path(__file__).parent / "gpu_node"
DETERMINISTIC = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
"""What cuBLAS asks for, before its first call, to repeat to the bit."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One work pool.

    Attributes
    ----------
    name, kind : str
        Its name, and the worker's type.
    limit : int
        Flow runs at once.
    queues : dict of str to int
        Limit of each queue beside the default one.
    template : dict
        Base job template.
    """

    name: str
    kind: PoolKind
    limit: int
    queues: dict[str, int]
    template: dict[str, Any]


def planned_pools(settings: Settings) -> tuple[Pool, ...]:
    """Return the pools of a platform; `cuda` is as large as there are devices."""
    n_devices = settings.cuda_devices
    local_limit = max(2, os.cpu_count() or 2)
    return (
        Pool("local", "process", local_limit, {}, job_template("process")),
        Pool(
            name="cuda",
            kind=settings.cuda_pool,
            limit=n_devices,
            queues={TRAIN_QUEUE: n_devices},
            template=cuda_template(settings.cuda_pool),
        ),
    )


def cuda_template(kind: PoolKind) -> dict[str, Any]:
    """Return the base job template of a pool whose runs each get one device."""
    template = job_template(kind)
    if kind == "process":
        template["variables"]["properties"]["env"]["default"] = DETERMINISTIC
    return template


def job_template(kind: PoolKind) -> dict[str, Any]:
    """Return the base job template of a worker's type.

    That of a process is Prefect's own. Those of Docker and Kubernetes stand beside the
    node's scripts, because their worker packages need not be installed here.
    """
    if kind == "process":
        from prefect.workers.process import ProcessWorker

        return dict(ProcessWorker.get_default_base_job_template())
    found: dict[str, Any] = json.loads((TEMPLATES / f"{kind}_pool.json").read_text())
    return found


def apply_pools(client: SyncPrefectClient, settings: Settings) -> None:
    """Create or update the pools, their queues and their limits.

    A pool that is there keeps its template: a person may have changed it on its page.

    Raises
    ------
    ConfigError
        If a pool is there and of another type.
    """
    for pool in planned_pools(settings):
        _apply_pool(client, pool)


def _apply_pool(client: SyncPrefectClient, pool: Pool) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    from assay.errors import ConfigError

    try:
        found = client.read_work_pool(pool.name)
    except ObjectNotFound:
        found = client.create_work_pool(
            WorkPoolCreate(
                name=pool.name, type=pool.kind, base_job_template=pool.template
            )
        )
    if found.type != pool.kind:
        raise ConfigError(
            f"work pool {pool.name!r} is of type {found.type!r} and {pool.kind!r} was "
            "asked for; delete the pool on its page, or set ASSAY_CUDA_POOL back"
        )
    update = WorkPoolUpdate(description=POOLS[pool.name], concurrency_limit=pool.limit)
    client.update_work_pool(pool.name, update)
    for queue, limit in pool.queues.items():
        try:
            there = client.read_work_queue_by_name(queue, work_pool_name=pool.name)
        except ObjectNotFound:
            there = client.create_work_queue(queue, work_pool_name=pool.name)
        client.update_work_queue(there.id, concurrency_limit=limit)
