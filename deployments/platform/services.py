"""What the platform consists of: commands, health checks, addresses, order."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from assay.settings import Settings
from deployments.environment import (
    digest_of,
    platform_environment,
    settings_environment,
)

HEALTH_TIMEOUT_SECONDS = 3.0
HealthCheck = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the platform.

    Attributes
    ----------
    name, title : str
        Name in files and marks; name for people.
    command : tuple of str
        What is started.
    is_healthy : callable of float to bool
        Whether the process that started at that time (epoch seconds) does its work.
    address : str
        Where a person finds it.
    port : int or None
        Port that it listens on, if any.
    port_setting : str
        The setting that changes the port.
    needs : tuple of str
        Services that must be healthy before it starts.
    stop_signal : signal.Signals
        How it is asked to end; Prefect workers do not hear SIGTERM.
    digest : str
        Digest of everything that it must be restarted for.
    """

    name: str
    title: str
    command: tuple[str, ...]
    is_healthy: HealthCheck
    address: str
    port: int | None = None
    port_setting: str = ""
    needs: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform: where it lives and what it runs.

    Attributes
    ----------
    settings : Settings
        Ports, databases and folders.
    root : Path
        The project's folder, absolute: `prefect.yaml`, `flows/`, `data/`.
    services : tuple of Service
        In the order in which they are shown.
    """

    settings: Settings
    root: Path
    services: tuple[Service, ...]

    @property
    def home(self) -> Path:
        """Absolute folder of everything that the platform writes."""
        return (self.root / self.settings.home).resolve()

    @property
    def pids(self) -> Path:
        """Folder of the pid files."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        """Folder of the log files."""
        return self.home / "logs"

    @property
    def environment(self) -> dict[str, str]:
        """Variables of every child process."""
        return platform_environment(self.settings, self.root)


def plan_platform(settings: Settings, root: Path) -> Platform:
    """Return the platform that `settings` describe; services elsewhere are left out.

    A Prefect or MLflow URL in the settings means that the service runs elsewhere.
    """
    services = []
    if not settings.prefect_api_url:
        services.append(_prefect_server(settings))
    if not settings.mlflow_url:
        services.append(_mlflow_server(settings))
    local = {service.name for service in services}
    services.append(_worker(settings, "local", local))
    if has_cuda_device():
        services.append(_worker(settings, "cuda", local))
    services.append(_api(settings, root, local))
    wanted = settings_environment(settings, root)
    seal = [f"{name}={value}" for name, value in sorted(wanted.items())]
    sealed = (
        _with_digest(service, service.digest, *service.command, *seal)
        for service in services
    )
    return Platform(settings, root, tuple(sealed))


def has_cuda_device() -> bool:
    """Say whether this machine has a CUDA device whose driver answers."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        answer = subprocess.run(  # noqa: S603 # a fixed command
            [tool, "-L"], capture_output=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and b"GPU 0" in answer.stdout


def _prefect_server(settings: Settings) -> Service:
    base = f"http://{_reachable(settings.host)}:{settings.prefect_port}"
    arguments = ["--host", settings.host, "--port", str(settings.prefect_port)]
    return Service(
        name="prefect",
        title="Prefect server",
        command=(sys.executable, "-m", "prefect", "server", "start", *arguments),
        is_healthy=_answers(f"{base}/api/health"),
        address=base,
        port=settings.prefect_port,
        port_setting="ASSAY_PREFECT_PORT",
    )


def _mlflow_server(settings: Settings) -> Service:
    base = f"http://{_reachable(settings.host)}:{settings.mlflow_port}"
    arguments = ["--host", settings.host, "--port", str(settings.mlflow_port)]
    return Service(
        name="mlflow",
        title="MLflow server",
        command=(
            *(sys.executable, "-m", "mlflow", "server", *arguments),
            *("--workers", "1", "--serve-artifacts"),
        ),
        is_healthy=_answers(f"{base}/health"),
        address=base,
        port=settings.mlflow_port,
        port_setting="ASSAY_MLFLOW_PORT",
    )


def _worker(settings: Settings, pool: str, local: set[str]) -> Service:
    name = f"assay-{pool}"
    return Service(
        name=f"worker-{pool}",
        title=f"worker of pool {pool}",
        command=(
            *(sys.executable, "-m", "prefect", "worker", "start", "--pool", pool),
            *("--type", "process", "--name", name, "--install-policy", "never"),
        ),
        is_healthy=_worker_is_online(settings.prefect_api, pool, name),
        address=f"{settings.prefect_api.removesuffix('/api')}/work-pools/work-pool/{pool}",
        needs=("prefect",) if "prefect" in local else (),
        stop_signal=signal.SIGINT,
    )


def _api(settings: Settings, root: Path, local: set[str]) -> Service:
    code = [*(root / "serving").rglob("*.py"), *(root / "assay").rglob("*.py")]
    base = f"http://{_reachable(settings.host)}:{settings.api_port}"
    return Service(
        name="api",
        title="scoring API",
        command=(sys.executable, "-m", "serving"),
        is_healthy=_answers(f"{base}/live"),
        address=f"{base}/docs",
        port=settings.api_port,
        port_setting="ASSAY_API_PORT",
        needs=("mlflow",) if "mlflow" in local else (),
        digest=digest_of(code),
    )


def _with_digest(service: Service, *texts: str) -> Service:
    fields = {name: getattr(service, name) for name in Service.__slots__}
    return Service(**fields | {"digest": digest_of([], *texts)})


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", ""} else host  # noqa: S104 # a comparison


def _answers(url: str) -> HealthCheck:
    def check(_started: float) -> bool:
        try:
            return httpx.get(url, timeout=HEALTH_TIMEOUT_SECONDS).status_code == 200
        except httpx.HTTPError:
            return False

    return check


def _worker_is_online(api: str, pool: str, name: str) -> HealthCheck:
    def check(started: float) -> bool:
        url = f"{api}/work_pools/{pool}/workers/filter"
        try:
            answer = httpx.post(url, json={}, timeout=HEALTH_TIMEOUT_SECONDS)
        except httpx.HTTPError:
            return False
        if answer.status_code != 200:
            return False
        return any(
            worker["name"] == name
            and worker["status"] == "ONLINE"
            and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp()
            >= started - 1
            for worker in answer.json()
        )

    return check
