"""Starting in order, failing whole: with services that are a line of Python each."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from assay.errors import PlatformError
from assay.settings import Settings
from deployments.platform import processes, supervision
from deployments.platform.services import Platform, Service, plan_platform

WRITE_AND_SLEEP = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text(sys.argv[2])
time.sleep(300)
"""
FAIL = "import sys; print('the reason in the log'); sys.exit(3)"


def service(folder: Path, name: str, code: str = WRITE_AND_SLEEP, **more) -> Service:
    sign = folder / f"{name}.sign"
    return Service(
        name=name,
        title=f"service {name}",
        command=(sys.executable, "-c", code, str(sign), name),
        is_healthy=lambda _: sign.exists(),
        address="",
        **more,
    )


@pytest.fixture
def platform_of(tmp_path):
    """Build platforms from services; all processes end with the test."""

    def build(*services: Service) -> Platform:
        return Platform(Settings(home=tmp_path / "home"), tmp_path, services)

    yield build
    supervision.stop_services(build())


@pytest.fixture
def console():
    return Console(record=True, force_terminal=False, width=200)


pytestmark = pytest.mark.filterwarnings(
    # The services outlive, on purpose, the object that started them.
    "ignore:subprocess .* is still running:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def test_services_start_after_those_they_need(tmp_path, platform_of, console):
    needing = service(tmp_path, "second", needs=("first",))
    platform = platform_of(needing, service(tmp_path, "first"))
    assert set(supervision.start_services(platform, console)) == {"first", "second"}
    first, second = (processes.read_record(n, platform.pids) for n in ("first", "second"))
    assert first.started <= second.started
    shown = console.export_text()
    assert shown.index("service first: healthy") < shown.index("service second: starting")


def test_a_second_start_starts_nothing(tmp_path, platform_of, console):
    platform = platform_of(service(tmp_path, "only"))
    supervision.start_services(platform, console)
    before = processes.read_record("only", platform.pids)
    assert supervision.start_services(platform, console) == ()
    assert processes.read_record("only", platform.pids) == before


def test_a_changed_setting_replaces_the_process(tmp_path, platform_of, console):
    supervision.start_services(platform_of(service(tmp_path, "only")), console)
    changed = platform_of(service(tmp_path, "only", digest="another"))
    assert supervision.start_services(changed, console) == ("only",)
    assert len(processes.marked(changed.home)) == 1


def test_what_fails_takes_down_what_the_same_call_started_and_nothing_else(
    tmp_path, platform_of, console
):
    old = service(tmp_path, "old")
    supervision.start_services(platform_of(old), console)
    failing = service(tmp_path, "failing", FAIL, needs=("new",))
    platform = platform_of(old, service(tmp_path, "new"), failing)
    with pytest.raises(PlatformError, match="service failing ended") as raised:
        supervision.start_services(platform, console)
    assert "the reason in the log" in str(raised.value)
    assert [p.environ()["ASSAY_SERVICE"] for p in processes.marked(platform.home)] == [
        "old"
    ]
    assert processes.read_record("new", platform.pids) is None


def test_a_service_that_never_answers_is_given_up_and_ended(
    tmp_path, platform_of, console, monkeypatch
):
    monkeypatch.setattr(supervision, "STARTUP_SECONDS", 0.5)
    silent = service(tmp_path, "silent", "import time; time.sleep(300)")
    platform = platform_of(silent)
    with pytest.raises(PlatformError, match="service silent did not answer in"):
        supervision.start_services(platform, console)
    assert processes.marked(platform.home) == []


def test_a_running_process_that_fell_silent_is_replaced(
    tmp_path, platform_of, console, monkeypatch
):
    platform = platform_of(service(tmp_path, "only"))
    supervision.start_services(platform, console)
    before = processes.read_record("only", platform.pids)
    (tmp_path / "only.sign").unlink()
    monkeypatch.setattr(supervision, "RECOVERY_SECONDS", 0.5)
    assert supervision.start_services(platform, console) == ("only",)
    assert processes.living(before) is None


def test_stop_ends_everything_and_says_how_many(tmp_path, platform_of, console):
    platform = platform_of(service(tmp_path, "one"), service(tmp_path, "two"))
    supervision.start_services(platform, console)
    assert supervision.stop_services(platform) == 2
    assert supervision.stop_services(platform) == 0
    assert all(pid is None for _, pid in supervision.look(platform))


def test_a_platform_that_another_call_starts_is_left_to_it(
    tmp_path, platform_of, console
):
    import fcntl

    platform = platform_of(service(tmp_path, "only"))
    platform.pids.mkdir(parents=True)
    with (platform.pids / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PlatformError, match="another call is starting"):
            supervision.start_services(platform, console)


def test_services_that_run_elsewhere_are_not_started_here(tmp_path):
    here = plan_platform(Settings(home=tmp_path), tmp_path)
    assert {"prefect", "mlflow", "worker-local", "api"} <= {s.name for s in here.services}
    elsewhere = Settings(
        home=tmp_path, prefect_api_url="http://a/api", mlflow_url="http://b"
    )
    names = {each.name for each in plan_platform(elsewhere, tmp_path).services}
    assert not names & {"prefect", "mlflow"}


def test_secrets_reach_the_services_by_environment_and_never_by_command_line(tmp_path):
    settings = Settings(
        home=tmp_path,
        prefect_database="postgresql+asyncpg://u:hidden@h/p",
        mlflow_database="postgresql+psycopg://u:hidden@h/m",
    )
    platform = plan_platform(settings, tmp_path)
    assert not [s.name for s in platform.services if "hidden" in " ".join(s.command)]
    found = platform.environment
    assert found["PREFECT_SERVER_DATABASE_CONNECTION_URL"].endswith("u:hidden@h/p")
    assert found["MLFLOW_BACKEND_STORE_URI"].endswith("u:hidden@h/m")
