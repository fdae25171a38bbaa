"""Child processes that outlive the command: start, recognise, stop.

A process is known by its pid *and* the time it started, so that a recycled pid is never
taken for a service. Processes that lost their parent are found by the marks in their
environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped] # its stubs are not in the lock

from deployments.environment import PLATFORM_MARK, SERVICE_MARK

START_TIME_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Record:
    """What the pid file of one service says.

    Attributes
    ----------
    service : str
        Name of the service.
    pid : int
        Its process.
    started : float
        Start of that process, seconds since the epoch, as the kernel tells it.
    digest : str
        Digest of command, environment and code that it was started with.
    """

    service: str
    pid: int
    started: float
    digest: str


def start(
    service: str,
    command: Iterable[str],
    environment: Mapping[str, str],
    *,
    folder: Path,
    log: Path,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, its output appended to `log`."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started from a background job: children would inherit the deaf ear.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 # a command of our own making
            list(command),
            env={**os.environ, **environment, SERVICE_MARK: service},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def record_of(process: subprocess.Popen[bytes], service: str, digest: str) -> Record:
    """Return the record of a process that was just started."""
    try:
        started = float(psutil.Process(process.pid).create_time())
    except psutil.NoSuchProcess:
        started = 0.0
    return Record(service, process.pid, started, digest)


def write_record(record: Record, folder: Path) -> None:
    """Write the pid file, whole or not at all."""
    path = folder / f"{record.service}.json"
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(path)


def read_record(service: str, folder: Path) -> Record | None:
    """Return the pid file's content, or None where there is none or it is broken."""
    try:
        return Record(**json.loads((folder / f"{service}.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def forget(service: str, folder: Path) -> None:
    """Remove the pid file of a service."""
    (folder / f"{service}.json").unlink(missing_ok=True)


def living(record: Record | None) -> psutil.Process | None:
    """Return the recorded process, or None where it ended or its pid was recycled."""
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        gap = abs(process.create_time() - record.started)
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if alive and gap < START_TIME_TOLERANCE_SECONDS else None


def marked(home: Path, service: str | None = None) -> list[psutil.Process]:
    """Return this platform's processes by their marks, this one's ancestors left out.

    Parameters
    ----------
    home : Path
        Home of the platform, absolute.
    service : str, optional
        Only processes of this service and its children.
    """
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        with contextlib.suppress(psutil.Error, OSError):
            marks = process.environ()
            if marks.get(PLATFORM_MARK) != str(home) or SERVICE_MARK not in marks:
                continue
            if service in (None, marks[SERVICE_MARK]):
                found.append(process)
    return found


def stop(
    processes: Iterable[psutil.Process], how: signal.Signals, patience_seconds: float
) -> None:
    """End processes and all their descendants: `how` first, SIGKILL after the wait.

    Only the given processes get `how`, as each ends its own children in good order.
    """
    roots = list(processes)
    everyone = set(roots)
    for process in roots:
        with contextlib.suppress(psutil.Error):
            everyone.update(process.children(recursive=True))
    for process in roots:
        with contextlib.suppress(psutil.Error):
            process.send_signal(how)
    for process in _still_alive(everyone, patience_seconds):
        with contextlib.suppress(psutil.Error):
            process.kill()
    _still_alive(everyone, patience_seconds=5)


def _still_alive(
    processes: set[psutil.Process], patience_seconds: float
) -> set[psutil.Process]:
    """Wait for processes to end; return those that have not. A zombie has ended."""
    deadline = time.monotonic() + patience_seconds
    while True:
        processes = {each for each in processes if _runs(each)}
        if not processes or time.monotonic() > deadline:
            return processes
        time.sleep(0.05)


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def last_lines(log: Path, n_lines: int = 12) -> list[str]:
    """Return the end of a log file, without empty lines."""
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip()][-n_lines:]
