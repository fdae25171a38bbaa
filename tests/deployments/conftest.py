"""A whole platform for tests: free ports, a temporary home, one tiny flow."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assay.settings import Settings
from deployments.environment import project_root
from deployments.platform.processes import marked
from deployments.platform.services import Platform, plan_platform

TINY_FLOW = '''
import asyncio

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact


@flow(name="tiny")
async def tiny(
    model_name: str = "credit_default",
    folds: int = 5,
    seconds: float = 0.0,
    fail: bool = False,
    source: str | None = None,
) -> int:
    """A flow for tests: says its parameters, waits, fails when asked to."""
    get_run_logger().info("source=%s folds=%d", source, folds)
    await acreate_markdown_artifact("# tiny", key="tiny-report", description="a report")
    await asyncio.sleep(seconds)
    if fail:
        raise ValueError("asked to fail")
    return folds
'''
TINY_PLAN = """
pull:
  - prefect.deployments.steps.set_working_directory:
      directory: "{{ $PWD }}"
deployments:
  - name: every-night
    entrypoint: flows.tiny.tiny
    parameters: {model_name: credit_default, source: "simulate:lender"}
    schedules: [{slug: night, cron: "0 2 * * *", timezone: Europe/London, active: true}]
    concurrency_limit: {limit: 1, collision_strategy: ENQUEUE}
    work_pool: {name: local, work_queue_name: default}
"""
START = """
import sys
from pathlib import Path

from rich.console import Console

from assay.settings import Settings
from deployments.platform.__main__ import report
from deployments.platform.orders import start
from deployments.platform.services import plan_platform

platform = plan_platform(Settings(), Path.cwd())
sys.exit(report(lambda: 0 * start(platform, Console())))
"""


@dataclass(frozen=True)
class Trial:
    """A platform of its own, started and stopped as a person would: by commands."""

    root: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def platform(self) -> Platform:
        return plan_platform(self.settings, self.root)

    @property
    def settings(self) -> Settings:
        values = {
            name.removeprefix("ASSAY_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("ASSAY_")
        }
        return Settings.model_validate(values)

    def call(self, *words: str, seconds: float = 420) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self) -> subprocess.CompletedProcess[str]:
        return self.call("-c", START)

    def stop(self) -> subprocess.CompletedProcess[str]:
        return self.call("-m", "deployments.platform", "down")

    def assay(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.call("-c", "from deployments.command import main; main()", *words)

    def pids(self) -> dict[str, int | None]:
        from deployments.platform.supervision import look

        return {row.title: pid for row, pid in look(self.platform)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def make_trial(folder: Path, **more: str) -> Trial:
    """Return a platform with the tiny flow below `folder`; nothing is started."""
    root = folder / "project"
    (root / "flows").mkdir(parents=True)
    (root / "flows" / "__init__.py").touch()
    (root / "flows" / "tiny.py").write_text(TINY_FLOW)
    (root / "prefect.yaml").write_text(TINY_PLAN)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PREFECT_HOME"},
        "ASSAY_HOME": str(folder / "home"),
        "ASSAY_CONTRACTS": str(project_root() / "data" / "contracts"),
        "ASSAY_PREFECT_PORT": str(free_port()),
        "ASSAY_MLFLOW_PORT": str(free_port()),
        "ASSAY_API_PORT": str(free_port()),
        "COLUMNS": "200",
        **more,
    }
    return Trial(root, environment)


@pytest.fixture
def trial_with(tmp_path: Path) -> Iterator[Callable[..., Trial]]:
    """Make platforms with more environment; each is stopped after the test."""
    made: list[Trial] = []

    def make(**more: str) -> Trial:
        made.append(make_trial(tmp_path / f"platform{len(made)}", **more))
        return made[-1]

    yield make
    for each in made:
        each.stop()
        assert marked(each.platform.home) == []


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Give a platform for one module. Tests start it: a second start is free."""
    made = make_trial(tmp_path_factory.mktemp("platform"))
    yield made
    made.stop()
    left = [process.cmdline() for process in marked(made.platform.home)]
    assert left == []
