"""Several processes change the champion while a real server loads and answers.

The judge knows the history alone: each caller must be able to read its answers as a walk
along the entries, never back, never ahead of the moment at which an entry was written.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from assay.adapters.champions.history import change_champion, history, history_breaks
from assay.adapters.champions.standing import check_champion
from assay.canary import goes_to_canary
from assay.history import ChampionEntry, Change, Served, Traffic
from assay.history.decisions import promotion
from tests.end_to_end.platform import (
    ROOT,
    register,
    row,
    serve,
    settings_of,
    wait_until,
)
from tests.services import mlflow_server

__all__ = ["mlflow_server"]

NAME = "moved"
N_PROCESSES, N_CHANGES, N_CALLERS = 3, 8, 3


@dataclass(frozen=True)
class Answered:
    """One answer: by whom, or why by nobody."""

    ended: datetime
    entity: str
    version: str
    role: str
    stopped: str = ""


def may_answer(traffic: Traffic, answer: Answered) -> bool:
    """Return whether an entry allows an answer, role and hash of the entity included."""
    if traffic.stopped or traffic.champion is None:
        return bool(traffic.stopped) and traffic.stopped in answer.stopped
    canary, role = traffic.canary, "champion"
    if canary and goes_to_canary(
        answer.entity, canary.bundle_digest, traffic.canary_share
    ):
        role = "canary"
    served = canary if role == "canary" and canary else traffic.champion
    return (answer.version, answer.role) == (str(served.version), role)


def anomalies(
    entries: Sequence[ChampionEntry], answers: Sequence[Answered]
) -> list[Answered]:
    """Return the answers of one caller that no walk along the entries explains."""
    found, place = [], 0
    for answer in answers:
        at = place
        while at < len(entries) and not may_answer(entries[at].traffic, answer):
            at += 1
        if at == len(entries) or entries[at].since > answer.ended:
            found.append(answer)
        else:
            place = at
    return found


def call(url: httpx.URL, until: threading.Event, answers: list[Answered], n: int) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
        while not until.is_set():
            n += N_CALLERS
            sent = row(n)
            answer = client.post("/predict", json=sent)
            said, ended = answer.json(), datetime.now(UTC)
            told = "" if answer.status_code == 200 else said["detail"]
            assert answer.status_code == 200 or "it was stopped" in told, answer.text
            version, role = said.get("version", ""), said.get("role", "")
            entity = str(sent["case number"])
            answers.append(Answered(ended, entity, version, role, told))


@pytest.mark.slow
def test_no_answer_is_by_a_version_that_was_not_live(tmp_path: Path, mlflow_server: str):
    settings = settings_of(tmp_path, mlflow_server, NAME)
    versions = [register(settings, n, bias=n / 10) for n in (1, 2, 3, 4)]
    first = promotion(versions[0], judged_against=None, reasons=(), actor="tests")
    change_champion(settings, NAME, first)
    named = [f"{one.version}:{one.bundle_digest}" for one in versions]
    heard: list[list[Answered]] = [[] for _ in range(N_CALLERS)]
    done = threading.Event()
    with serve(settings) as client:
        callers = [
            threading.Thread(target=call, args=(client.base_url, done, answers, n))
            for n, answers in enumerate(heard)
        ]
        for caller in callers:
            caller.start()
        orders = [
            (*(str(settings.home), mlflow_server, NAME), str(seed), str(N_CHANGES))
            for seed in range(N_PROCESSES)
        ]
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.end_to_end.changing", *order, *named],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            for order in orders
        ]
        ended = [process.wait(500) for process in processes]
        last = history(settings, NAME)[-1].traffic

        def follows() -> bool:
            said = client.get("/v1/models").json()["models"][0]
            if last.stopped:
                return bool(said["is_stopped"])
            wanted = last.champion.version if last.champion else None
            return said["version"] == str(wanted) and not said["problem"]

        wait_until(follows)
        done.set()
        for caller in callers:
            caller.join()
    assert ended == [0] * N_PROCESSES
    entries = history(settings, NAME)
    assert history_breaks(settings, NAME) == []
    assert check_champion(settings, NAME) == []
    assert len(entries) > N_CHANGES
    for answers in heard:
        assert answers
        assert anomalies(entries, answers) == []


def test_the_judge_sees_what_would_be_wrong():
    start = datetime(2026, 11, 20, tzinfo=UTC)
    one, two = Served(1, "1" * 64), Served(2, "2" * 64)
    traffics = [Traffic(one), Traffic(two), Traffic(two, stopped="why"), Traffic(one)]
    entries = [
        ChampionEntry(
            NAME,
            n + 1,
            start + timedelta(seconds=10 * n),
            Change("promoted", traffic, "tests", ()),
            "0" * 64,
        )
        for n, traffic in enumerate(traffics)
    ]

    def wrong(*seen: tuple[float, str]) -> int:
        answers = [
            Answered(
                start + timedelta(seconds=at),
                "e",
                version if version.isdigit() else "",
                "champion" if version.isdigit() else "",
                "" if version.isdigit() else f"it was stopped: {version}",
            )
            for at, version in seen
        ]
        return len(anomalies(entries, answers))

    assert wrong((1, "1"), (11, "2"), (21, "why"), (31, "1")) == 0
    assert wrong((1, "2")) == 1  # ahead of its entry
    assert wrong((11, "2"), (12, "1")) == 1  # back, or ahead of the last entry
    assert wrong((11, "2"), (31, "1"), (32, "2")) == 1  # back
    assert wrong((1, "7")) == 1  # never live
    assert wrong((11, "why")) == 1  # stopped before it was
    assert wrong((25, "another reason")) == 1
