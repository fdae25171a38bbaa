"""The platform as a person meets it: up, up again, broken, healed, down."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from deployments.platform.prefect_api import PrefectApi
from deployments.platform.processes import marked, read_record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def running(trial):
    """Before each test the platform is up, whatever the test before did to it."""
    started = trial.start()
    assert started.returncode == 0, started.stderr
    return started


def pid_of(trial, service):
    record = read_record(service, trial.platform.pids)
    assert record is not None
    return record.pid


def test_up_starts_every_service_and_each_answers(trial, running):
    settings = trial.settings
    assert "scoring API: healthy" in running.stdout
    assert httpx.get(f"{settings.prefect_api}/health").json() is True
    assert httpx.get(f"{settings.mlflow_tracking}/health").text == "OK"
    assert httpx.get(f"{settings.api_url}/live").status_code == 200
    assert all(pid is not None for pid in trial.pids().values())


def test_a_second_up_keeps_every_process_and_every_deployment(trial):
    pids = trial.pids()
    with PrefectApi(trial.settings.prefect_api) as api:
        before = api.deployments()
        begun = time.monotonic()
        again = trial.start()
        assert time.monotonic() - begun < 20
        assert again.returncode == 0
        assert trial.pids() == pids
        assert [each["updated"] for each in api.deployments()] == [
            each["updated"] for each in before
        ]


def test_a_service_killed_outright_is_healed_and_the_others_are_left_alone(trial):
    before = trial.pids()
    victim = pid_of(trial, "mlflow")
    os.kill(victim, signal.SIGKILL)  # its children keep the port: they must go too
    healed = trial.start()
    assert healed.returncode == 0, healed.stderr
    after = trial.pids()
    assert after.pop("MLflow server") != before.pop("MLflow server")
    assert after == before
    assert httpx.get(f"{trial.settings.mlflow_tracking}/health").text == "OK"


def test_a_cron_deployment_gets_scheduled_runs(trial):
    # With SQLAlchemy 2.1 the scheduler fails without a sign: no such run ever appears.
    with PrefectApi(trial.settings.prefect_api) as api:
        deadline = time.monotonic() + 120
        scheduled = []
        while not scheduled and time.monotonic() < deadline:
            scheduled = api.runs(state={"type": {"any_": ["SCHEDULED"]}})
            time.sleep(1)
    assert scheduled
    assert all("T02:00:00" in run["expected_start_time"] for run in scheduled)


def test_a_run_from_the_command_follows_to_its_end_and_names_its_results(trial):
    ran = trial.assay("run", "tiny", "--folds", "3", "--source", "rows.csv")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"source={trial.root / 'rows.csv'} folds=3" in ran.stdout
    assert "/artifacts/key/tiny-report" in ran.stdout
    assert "completed" in ran.stdout


def test_a_run_that_fails_gives_its_reason_and_exit_code_1(trial):
    ran = trial.assay("run", "tiny", "--fail")
    assert ran.returncode == 1
    assert "asked to fail" in ran.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nightly"), "no flow 'nightly'; the platform has tiny/every-night"),
        (("run", "tiny", "--rows", "3"), "no parameter --rows; this flow takes --model"),
        (("run", "tiny", "--folds", "many"), "--folds is 'many'; allowed: integer"),
    ],
)
def test_what_the_platform_does_not_know_is_one_line_with_the_allowed_values(
    trial, words, said
):
    ran = trial.assay(*words)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_down_during_a_run_leaves_no_process_and_frees_the_slot(trial):
    words = [sys.executable, "-c", "from deployments.command import main; main()"]
    following = subprocess.Popen(
        [*words, "run", "tiny", "--seconds", "300"],
        env=trial.environment,
        cwd=trial.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with PrefectApi(trial.settings.prefect_api) as api:
        deadline = time.monotonic() + 120
        while not api.runs(state={"type": {"any_": ["RUNNING"]}}):
            assert time.monotonic() < deadline, "the run does not start"
            time.sleep(0.5)
    everyone = [each.pid for each in marked(trial.platform.home)]
    stopped = trial.stop()
    following.wait(timeout=60)
    assert stopped.returncode == 0
    assert not [pid for pid in everyone if psutil.pid_exists(pid) and is_alive(pid)]
    with sqlite3.connect(trial.platform.home / "prefect.db") as database:
        rows = database.execute("SELECT state_type FROM flow_run").fetchall()
    database.close()
    assert ("CRASHED",) in rows
    assert ("RUNNING",) not in rows

    assert trial.start().returncode == 0
    again = trial.assay("run", "tiny")  # waits for ever if the dead run holds the slot
    assert again.returncode == 0


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
