"""Each fault of the machine is one line that says what, how much and what to do."""

from __future__ import annotations

import os
import socket

import pytest

from assay.errors import PlatformError
from deployments.platform import preflight
from deployments.platform.services import Service


def service_at(port):
    return Service(
        name="api",
        title="scoring API",
        command=(),
        is_healthy=lambda _: False,
        address="",
        port=port,
        port_setting="ASSAY_API_PORT",
    )


def test_a_busy_port_names_the_port_its_holder_and_the_setting_that_changes_it():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(PlatformError) as raised:
            preflight.require_free_port(service_at(port), "127.0.0.1")
    message = str(raised.value)
    assert f"port {port} for the scoring API" in message
    assert f"pid {os.getpid()}" in message
    assert "set ASSAY_API_PORT to a free port" in message
    assert "\n" not in message


def test_a_port_that_was_just_closed_is_free():
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    preflight.require_free_port(service_at(port), "127.0.0.1")


def test_a_full_disk_is_refused_with_what_is_free_and_what_is_needed(tmp_path):
    with pytest.raises(
        PlatformError, match=r"GB are free at .* needs 1e\+09 GB"
    ) as raised:
        preflight.require_disk(tmp_path, minimum_gb=1e9)
    assert "ASSAY_HOME" in str(raised.value)


def test_enough_disk_passes(tmp_path):
    preflight.require_disk(tmp_path, minimum_gb=0.0)


def test_a_home_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PlatformError, match=r"cannot be written .* set ASSAY_HOME"):
        preflight.require_writable_home(tmp_path / "file" / "home")


def test_a_missing_tool_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformError, match=r"no git .* apt-get install git"):
        preflight.require_tools()
