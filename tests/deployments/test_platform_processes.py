"""A process is known by pid and start time; orphans by their marks."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace

import psutil
import pytest

from deployments.environment import PLATFORM_MARK
from deployments.platform import processes

SLEEP = "import time; time.sleep(300)"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(300)
"""
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"


@pytest.fixture
def start(tmp_path):
    """Start a Python text as the service ``trial``; whatever lives is killed after."""
    started = []

    def begin(text):
        process = processes.start(
            "trial",
            [sys.executable, "-c", text],
            {PLATFORM_MARK: str(tmp_path)},
            folder=tmp_path,
            log=tmp_path / "trial.log",
        )
        started.append(process)
        return process

    yield begin
    for process in [*processes.marked(tmp_path)]:
        process.kill()
    for process in started:
        process.wait(timeout=10)


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_record_written_and_read_finds_the_living_process(start, tmp_path):
    process = start(SLEEP)
    record = processes.record_of(process, "trial", "digest")
    processes.write_record(record, tmp_path)
    assert processes.read_record("trial", tmp_path) == record
    assert processes.living(record).pid == process.pid


def test_a_recycled_pid_is_not_taken_for_the_service(start):
    record = processes.record_of(start(SLEEP), "trial", "digest")
    before = replace(record, started=record.started - 3600)
    assert processes.living(before) is None


def test_a_process_that_ended_is_not_living(start):
    process = start("pass")
    record = processes.record_of(process, "trial", "digest")
    until(lambda: processes.living(record) is None)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_pid_file_counts_as_none(tmp_path, content):
    (tmp_path / "trial.json").write_text(content)
    assert processes.read_record("trial", tmp_path) is None


def test_children_are_found_by_their_marks_when_the_parent_is_gone(start, tmp_path):
    parent = start(PARENT)
    until(lambda: len(processes.marked(tmp_path, "trial")) == 2)
    parent.kill()
    parent.wait(timeout=10)
    (orphan,) = processes.marked(tmp_path, "trial")
    assert orphan.pid != parent.pid
    assert processes.marked(tmp_path, "another") == []
    assert processes.marked(tmp_path / "elsewhere") == []
    processes.stop([orphan], signal.SIGTERM, patience_seconds=10)
    assert processes.marked(tmp_path) == []


def test_a_process_that_does_not_hear_is_killed_with_its_children(start, tmp_path):
    process = start(DEAF)
    log = tmp_path / "trial.log"
    until(lambda: "deaf" in log.read_text())
    begun = time.monotonic()
    processes.stop([psutil.Process(process.pid)], signal.SIGTERM, patience_seconds=0.5)
    assert time.monotonic() - begun < 5
    assert process.wait(timeout=10) == -signal.SIGKILL


def test_the_end_of_a_log_leaves_empty_lines_out(tmp_path):
    log = tmp_path / "some.log"
    log.write_text("\n".join(["first", "", "second", "  ", "third", ""]))
    assert processes.last_lines(log, 2) == ["second", "third"]
    assert processes.last_lines(tmp_path / "none.log") == []
