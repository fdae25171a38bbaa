"""On real servers: a canary that costs twice as much is withdrawn by itself."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from assay.adapters.champions.canaries import count_observations, stored_trial
from assay.adapters.champions.history import change_champion, history
from assay.canary import goes_to_canary, stop_reasons
from assay.contract import find_contract
from assay.history import Served
from assay.history.decisions import canary, promotion, withdrawal
from assay.settings import Settings
from tasks.canary import rule_of
from tasks.canary_ledger import ledger_observations, trial_since
from tests.end_to_end.platform import SHARE, register, row, serve, settings_of, wait_until
from tests.services import mlflow_server

__all__ = ["mlflow_server"]

NAME = "tried"
A_ROUND = 300


@pytest.fixture
def settings(tmp_path: Path, mlflow_server: str) -> Settings:
    return settings_of(tmp_path, mlflow_server, NAME)


def ask(client: httpx.Client, n: int) -> dict:
    answer = client.post("/predict", json=row(n))
    assert answer.status_code == 200, answer.text
    return answer.json()


def report(client: httpx.Client, answers: dict[int, dict]) -> None:
    """Say what became of decisions: two of seven loans are not repaid."""
    labels = [
        {"request_id": answer["request_id"], "label": int(n % 7 < 2)}
        for n, answer in answers.items()
    ]
    told = client.post(f"/v1/models/{NAME}/outcomes", json={"outcomes": labels})
    assert told.status_code == 200, told.text
    assert told.json()["n_accepted"] == len(labels)


def counted(settings: Settings):
    """Return the trial after the ledger was read, as the flow reads it."""
    contract = find_contract(NAME, settings.contracts)
    entries = history(settings, NAME)
    traffic = entries[-1].traffic
    rule = rule_of(contract, traffic.canary_share)
    since = trial_since(entries)
    seen = ledger_observations(settings.ledger_folder, contract, traffic, since)
    found = count_observations(settings, NAME, traffic, seen, rule)
    return found, stop_reasons(found.trial, rule)


def belongs(n: int, tried: Served) -> bool:
    return goes_to_canary(row(n)["case number"], tried.bundle_digest, SHARE)


@pytest.mark.slow
def test_a_canary_of_twice_the_cost_is_withdrawn_and_nobody_is_refused(settings):
    champion = register(settings, 1)  # declines everybody, at 1 for each good loan
    worse = register(settings, 2, threshold=0.9)  # approves, at 5 for each bad one
    first = promotion(champion, judged_against=None, reasons=(), actor="tests")
    change_champion(settings, NAME, first)
    with serve(settings) as client:
        change_champion(settings, NAME, canary(worse, SHARE, "vera"))
        tried = next(n for n in range(99) if belongs(n, worse))
        wait_until(lambda: ask(client, tried)["role"] == "canary")
        reasons: tuple[str, ...] = ()
        asked = 1_000
        while not reasons:
            answers = {n: ask(client, n) for n in range(asked, asked + A_ROUND)}
            for n, answer in answers.items():
                role = "canary" if belongs(n, worse) else "champion"
                assert answer["role"] == role
            asked += A_ROUND
            found, reasons = counted(settings)
            assert reasons == ()  # nobody knows the labels yet
            assert found.n_new >= A_ROUND
            report(client, answers)
            found, reasons = counted(settings)
            traffic = history(settings, NAME)[-1].traffic
            assert stored_trial(settings, NAME, traffic) == found.trial
            again, _ = counted(settings)
            assert (again.trial, again.n_new) == (found.trial, 0)
            assert asked < 8_000
        assert "it costs more than the champion" in reasons[0]
        change_champion(settings, NAME, withdrawal(worse.version, reasons, "the test"))
        wait_until(lambda: ask(client, tried)["role"] == "champion")
        assert history(settings, NAME)[-1].action == "canary_withdrawn"
