"""What must be true before anything starts; each fault is one line with its remedy."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

import psutil  # type: ignore[import-untyped] # its stubs are not in the lock

from assay.errors import PlatformError
from deployments.platform.services import Platform, Service

MINIMUM_FREE_GB = 2.0
"""Databases, snapshots, bundles and logs of a first night, with room for a week."""


def require_writable_home(home: Path) -> None:
    """Make the home and prove that a file can be written in it.

    Raises
    ------
    PlatformError
        If it cannot.
    """
    try:
        for folder in (home, home / "run", home / "logs", home / "results"):
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"0")
    except OSError as error:
        raise PlatformError(
            f"{home} cannot be written ({error.strerror}); make it writable or set "
            "ASSAY_HOME to a folder that is"
        ) from error


def require_disk(home: Path, minimum_gb: float = MINIMUM_FREE_GB) -> None:
    """Refuse a disk with less than `minimum_gb` gigabytes free.

    Raises
    ------
    PlatformError
        If less is free.
    """
    free_gb = shutil.disk_usage(home).free / 1e9
    if free_gb < minimum_gb:
        raise PlatformError(
            f"{free_gb:.1f} GB are free at {home} and the platform needs "
            f"{minimum_gb:g} GB; make room or set ASSAY_HOME to another disk"
        )


def require_tools() -> None:
    """Refuse a machine without git, which names the code's revision in each bundle.

    Raises
    ------
    PlatformError
        If a tool is missing.
    """
    if shutil.which("git") is None:
        raise PlatformError(
            "no git on this machine; install it (Debian: apt-get install git): each "
            "model's bundle carries the revision of the code that trained it"
        )


def require_free_port(service: Service, host: str) -> None:
    """Refuse a port that another process holds, with its name.

    Raises
    ------
    PlatformError
        If the port is taken or cannot be opened.
    """
    if service.port is None:
        return
    try:
        with socket.create_server((host, service.port)):
            return
    except OSError as error:
        why = error
    holder = _holder_of(service.port)
    if not holder:
        holder = "a process of another user" if _is_in_use(why) else str(why.strerror)
    raise PlatformError(
        f"port {service.port} for the {service.title} is held by {holder}; stop it or "
        f"set {service.port_setting} to a free port"
    )


def check_machine(platform: Platform) -> None:
    """Check everything that does not depend on what already runs.

    Raises
    ------
    PlatformError
        At the first fault.
    """
    require_tools()
    require_writable_home(platform.home)
    require_disk(platform.home)


def _is_in_use(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE


def _holder_of(port: int) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.pid is None:
                continue
            if connection.laddr.port == port:
                return _described(psutil.Process(connection.pid))
    return ""


def _described(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        words = " ".join(process.cmdline())
        whose = " of this user" if process.uids().real == os.getuid() else ""
        return f"{process.name()} (pid {process.pid}{whose}: {words[:80]})"
    return f"pid {process.pid}"
