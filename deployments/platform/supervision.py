"""Bring the services up, look at them, take them down. Nothing half-started stays."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped] # its stubs are not in the lock
from rich.console import Console

from assay.errors import AssayError, PlatformError
from deployments.platform import preflight, processes
from deployments.platform.display import Display, Row, display_on
from deployments.platform.prefect_api import PrefectApi
from deployments.platform.processes import Record
from deployments.platform.services import Platform, Service

STARTUP_SECONDS = 240.0
"""A Prefect server that migrates its database on two busy cores took 60 s."""
RECOVERY_SECONDS = 30.0
"""How long a process that runs already may be silent before it is replaced."""
STOP_SECONDS = 12.0
POLL_SECONDS = 0.3


@dataclass(slots=True)
class _Progress:
    """Where one service is on its way up."""

    service: Service
    state: str = "waiting"
    since: float = field(default_factory=time.monotonic)
    record: Record | None = None
    is_new: bool = False

    @property
    def is_up(self) -> bool:
        return self.state in {"healthy", "unchanged"}

    @property
    def row(self) -> Row:
        seconds = 0.0 if self.state == "waiting" else time.monotonic() - self.since
        return Row(self.service.title, self.state, seconds, self.service.address)


def start_services(platform: Platform, console: Console) -> tuple[str, ...]:
    """Start what does not run, replace what is sick or outdated, wait until all answer.

    Returns
    -------
    tuple of str
        Names of the services that this call started; empty if all ran already.

    Raises
    ------
    PlatformError
        If the machine lacks something or a service does not become healthy. What this
        call started is ended before.
    """
    preflight.check_machine(platform)
    with _only_one(platform.home):
        progress = {service.name: _Progress(service) for service in platform.services}
        try:
            for each in progress.values():
                _adopt_or_clear(each, platform)
            with display_on(console) as display:
                _bring_up(progress, platform, display)
        except BaseException:
            new = [each.service for each in progress.values() if each.is_new]
            _end(new, platform)
            raise
    return tuple(name for name, each in progress.items() if each.is_new)


def stop_services(platform: Platform) -> int:
    """End every process of the platform, also those whose parent is gone.

    Returns
    -------
    int
        Number of processes that were running.
    """
    if not platform.home.is_dir():
        return 0
    n_running = len(processes.marked(platform.home))
    workers = [each for each in platform.services if each.stop_signal is signal.SIGINT]
    others = [each for each in platform.services if each not in workers]
    _end(workers, platform)
    for worker in workers:  # flow runs whose worker was killed before
        runs = processes.marked(platform.home, worker.name)
        processes.stop(runs, signal.SIGINT, patience_seconds=5)
    _crash_lost_runs(platform)
    _end(others, platform)
    processes.stop(processes.marked(platform.home), signal.SIGTERM, patience_seconds=5)
    for path in platform.pids.glob("*.json"):
        path.unlink(missing_ok=True)
    return n_running


def end_services(platform: Platform) -> None:
    """End the platform's services and nothing else."""
    _end(list(platform.services), platform)


def look(platform: Platform) -> list[tuple[Row, int | None]]:
    """Return each service's row and pid; the pid is None where it does not run."""
    found: list[tuple[Row, int | None]] = []
    for service in platform.services:
        record = processes.read_record(service.name, platform.pids)
        process = processes.living(record)
        if process is None or record is None:
            found.append((Row(service.title, "stopped", 0.0, service.address), None))
            continue
        state = "healthy" if service.is_healthy(record.started) else "silent"
        age = time.time() - record.started
        found.append((Row(service.title, state, age, service.address), record.pid))
    return found


def _adopt_or_clear(each: _Progress, platform: Platform) -> None:
    """Take a service that runs as it is; remove remains of one that does not."""
    service = each.service
    record = processes.read_record(service.name, platform.pids)
    process = processes.living(record)
    if process is not None and record is not None and record.digest == service.digest:
        each.record, each.state = record, "starting"
        if service.is_healthy(record.started):
            each.state = "unchanged"
        return
    if process is not None:
        _end([service], platform)
    processes.forget(service.name, platform.pids)
    if service.port is not None:
        orphans = processes.marked(platform.home, service.name)
        processes.stop(orphans, signal.SIGTERM, patience_seconds=5)
        preflight.require_free_port(service, platform.settings.host)


def _bring_up(
    progress: dict[str, _Progress], platform: Platform, display: Display
) -> None:
    while not all(each.is_up for each in progress.values()):
        for each in progress.values():
            if each.state == "waiting":
                if all(progress[need].is_up for need in each.service.needs):
                    _start(each, platform)
            elif each.state == "starting":
                _advance(each, platform)
        display.show([each.row for each in progress.values()])
        time.sleep(POLL_SECONDS)
    display.show([each.row for each in progress.values()])


def _start(each: _Progress, platform: Platform) -> None:
    service = each.service
    process = processes.start(
        service.name,
        service.command,
        platform.environment,
        folder=platform.root,
        log=_log(service, platform),
    )
    each.record = processes.record_of(process, service.name, service.digest)
    each.is_new, each.state, each.since = True, "starting", time.monotonic()
    processes.write_record(each.record, platform.pids)


def _advance(each: _Progress, platform: Platform) -> None:
    waited = time.monotonic() - each.since
    if each.record is not None and processes.living(each.record) is None:
        raise _unhealthy(each.service, "ended", platform)
    if each.record is not None and each.service.is_healthy(each.record.started):
        each.state = "healthy"
    elif not each.is_new and waited > RECOVERY_SECONDS:
        _end([each.service], platform)
        each.state = "waiting"
    elif waited > STARTUP_SECONDS:
        raise _unhealthy(each.service, f"did not answer in {waited:.0f} s", platform)


def _unhealthy(service: Service, what: str, platform: Platform) -> PlatformError:
    log = _log(service, platform)
    lines = "\n".join(f"    {line}" for line in processes.last_lines(log))
    return PlatformError(
        f"the {service.title} {what}; its log {log} ends with\n{lines or '    nothing'}"
    )


def _crash_lost_runs(platform: Platform) -> None:
    """Tell our own Prefect server that the runs have ended with their processes."""
    servers = [each for each in platform.services if each.name == "prefect"]
    for server in servers:
        record = processes.read_record(server.name, platform.pids)
        if processes.living(record) is None or not server.is_healthy(0.0):
            continue
        url = platform.settings.prefect_api
        with contextlib.suppress(AssayError), PrefectApi(url, timeout_seconds=5) as api:
            api.crash_living_runs("the platform was stopped while this ran")


def _log(service: Service, platform: Platform) -> Path:
    return platform.logs / f"{service.name}.log"


def _end(services: list[Service], platform: Platform) -> None:
    by_signal: dict[signal.Signals, list[psutil.Process]] = {}
    for service in services:
        process = processes.living(processes.read_record(service.name, platform.pids))
        if process is not None:
            by_signal.setdefault(service.stop_signal, []).append(process)
    for how, found in by_signal.items():
        processes.stop(found, how, STOP_SECONDS)
    for service in services:
        processes.forget(service.name, platform.pids)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / "run" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PlatformError(
                f"another call is starting this platform ({home}); wait for it to end"
            ) from error
        yield
