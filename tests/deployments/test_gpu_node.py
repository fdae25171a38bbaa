"""The node's verification fails on any difference from what was asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from deployments.environment import project_root

NODE = project_root() / "deployments" / "gpu_node"
ASKED = dict(
    line.split("=", 1)
    for line in (NODE / "versions.env").read_text().splitlines()
    if line and not line.startswith("#")
)
SCRIPTS = ("provision.sh", "verify.sh", "checks.sh")


@pytest.fixture
def node(tmp_path):
    """Return a folder of commands that answer as a node that is as asked."""
    answers = {
        "nvidia-smi": 'case "$*" in *driver_version*) echo "'
        + ASKED["NVIDIA_DRIVER_VERSION"]
        + '";; *persistence_mode*) echo Enabled;; esac',
        "nvidia-ctk": "echo 'NVIDIA Container Toolkit CLI version "
        + ASKED["CONTAINER_TOOLKIT_VERSION"]
        + "'",
        "dcgmi": "echo 'dcgmi version: " + ASKED["DCGM_VERSION"] + "'",
        "docker": "echo nvidia",
        "systemctl": "echo active",
        "sysctl": 'case "$2" in vm.swappiness) echo 10;; vm.max_map_count) '
        "echo 262144;; *) echo 0;; esac",
    }
    for name, answer in answers.items():
        say(tmp_path, name, answer)
    return tmp_path


def say(folder, name, answer):
    path = folder / name
    path.write_text(f"#!/bin/bash\n{answer}\n")
    path.chmod(0o755)


def verify(node):
    """Run the script where the toolkit's and the governors' folders are what they are."""
    return subprocess.run(
        [NODE / "verify.sh"],
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def differing(ran):
    return {line.split()[1] for line in ran.stdout.splitlines() if "DIFFERENT" in line}


def test_what_is_as_asked_is_said_to_be(node):
    ran = verify(node)
    # Only what this machine itself has not: the toolkit, and a governor of its own.
    assert differing(ran) <= {"CUDA", "CPU"}
    assert re.search(r"as asked +DCGM +" + re.escape(ASKED["DCGM_VERSION"]), ran.stdout)


@pytest.mark.parametrize(
    ("name", "answer", "different"),
    [
        ("dcgmi", "echo 'dcgmi version: 3.3.5'", "DCGM"),
        ("dcgmi", "exit 1", "DCGM"),
        ("nvidia-smi", "echo 550.54.15", "driver"),
        ("nvidia-ctk", "echo 'NVIDIA Container Toolkit CLI version 1.0.0'", "container"),
        ("systemctl", "echo inactive", "persistence"),
        ("sysctl", "echo 60", "vm.swappiness"),
    ],
)
def test_any_difference_fails_and_is_named(node, name, answer, different):
    say(node, name, answer)
    ran = verify(node)
    assert ran.returncode == 1
    assert different in differing(ran)
    assert "differences: the node is not as asked" in ran.stderr


def test_a_machine_without_any_of_it_fails(tmp_path):
    ran = verify(tmp_path)
    assert ran.returncode == 1
    assert {"driver", "DCGM", "container"} <= differing(ran)
    assert "found nothing" in ran.stdout


def test_what_is_asked_fits_torch_and_itself():
    from assay.networks.devices import least_driver, version

    least = least_driver(ASKED["CUDA_TOOLKIT_VERSION"])
    assert least is not None
    assert version(ASKED["NVIDIA_DRIVER_VERSION"]) >= least
    assert ASKED["NVIDIA_DRIVER_VERSION"].startswith(ASKED["NVIDIA_DRIVER_BRANCH"])
    assert ASKED["DCGM_VERSION"].startswith(ASKED["DCGM_MAJOR"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_parse(script):
    ran = subprocess.run(
        [shutil.which("bash") or "bash", "-n", NODE / script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck here")
@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_has_nothing_to_say(script):
    ran = subprocess.run(
        ["shellcheck", "--external-sources", NODE / script],  # noqa: S607 # a tool on the path
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
