"""The whole loop on live traffic: drift, alarm, retraining, sign-off, new champion.

Run: ``make loop`` (``python -m benchmarks.monitoring.loop``). Services of its own on free
ports; writes docs/results/monitoring_loop.md.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console

from assay.adapters.alerts import Request, requests
from assay.settings import Settings
from benchmarks.monitoring.stage import (
    DRIFT,
    TRAINED,
    World,
    first_champion,
    person,
    services,
    settings_in,
    sign,
    switch_automation,
)
from benchmarks.monitoring.traffic import Lender
from deployments.environment import be_quiet, project_root
from deployments.platform.prefect_api import FINISHED, Json, PrefectApi
from deployments.platform.services import plan_platform

TARGET = Path("docs/results/monitoring_loop.md")
PATIENCE_SECONDS = 900
MODELS = ("loop_by_event", "loop_by_reconciler")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of the loop showed.

    Attributes
    ----------
    path : str
        What started the retraining.
    days_to_alarm : int
        Virtual days from the drift to the alarm.
    days_to_labels : int
        Virtual days from the alarm until enough labels of the new world had matured.
    minutes_to_champion : float
        Minutes by the clock from there to the first answer of the new champion.
    n_requests, n_failures : int
        What the callers sent, and what was not answered with 200.
    n_canary : int
        Answers of the new version before it was signed for.
    n_retrainings : int
        Versions made beside the first champion.
    cost_before, cost_after : float
        Cost a decision since the drift, of the old and of the new champion.
    alerts : str
        States of the alerts in the end.
    """

    path: str
    days_to_alarm: int
    days_to_labels: int
    minutes_to_champion: float
    n_requests: int
    n_failures: int
    n_canary: int
    n_retrainings: int
    cost_before: float
    cost_after: float
    alerts: str


def main() -> int:
    """Turn the loop with the event bus and without, and write the table."""
    be_quiet()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="assay-loop-") as folder:
        turns = run_loop(Path(folder), World(), Console())
    minutes = (time.monotonic() - begun) / 60
    TARGET.write_text(page(turns))
    sys.stdout.write(f"{page(turns)}\nwhole loop: {minutes:.1f} minutes\n")
    good = all(t.n_failures == 0 and t.cost_after < t.cost_before for t in turns)
    return 0 if good else 1


def run_loop(
    folder: Path, world: World, console: Console, names: tuple[str, ...] = MODELS
) -> list[Turn]:
    """Bring services up, turn the loop once a model, take them down."""
    settings = settings_in(folder, names, world)
    platform = plan_platform(settings, project_root())
    os.environ.update(platform.environment)
    with services(platform, console):
        vera = person(settings, folder, "vera", "validator")
        for name in names:
            console.print(f"{name}: first champion", highlight=False)
            first_champion(settings, name, vera)
        turns = []
        for name in names:
            by_event = name == MODELS[0]
            switch_automation(settings, is_on=by_event)
            turns.append(Loop(settings, name, world, vera, console).turn(by_event))
        return turns


class Loop:
    """One turn: traffic, looks, alarm, retraining, signature, new champion."""

    def __init__(
        self, settings: Settings, name: str, world: World, key: Path, console: Console
    ) -> None:
        from assay.contract import find_contract
        from assay.simulate.drift import Drift
        from assay.simulate.lender import simulate_lender

        self.settings, self.name, self.world, self.key = settings, name, world, key
        self.console, self.n_tries = console, 0
        self.contract = find_contract(name, settings.contracts)
        whole = simulate_lender(
            n_applicants=world.n_applicants,
            start=date(2026, 1, 1),
            days=547,
            seed=7,
            drift=Drift("recession", DRIFT, world.size),
        )
        outcomes = whole.truth["outcome"].to_numpy()
        self.lender = Lender(
            "127.0.0.1", settings.api_port, self.contract, whole.frame, outcomes
        )

    def turn(self, by_event: bool) -> Turn:
        """Turn once and return what was seen."""
        from assay.adapters.alerts import alerts
        from assay.adapters.tracking import Registry

        lender, drift = self.lender, datetime.combine(DRIFT, datetime.min.time(), UTC)
        wait(lambda: lender.version() == "1", "the API does not serve version 1")
        lender.begin(TRAINED)
        alarm_at = at = self.look_from(TRAINED)
        self.say(f"alarm on {alarm_at:%Y-%m-%d}")
        while True:
            asked = time.monotonic()
            with lender.steadily():
                if not by_event:
                    self.run_reconciler()
                due = self.taken_up()
                if due is None:
                    n_canary = self.tried()
                    sign(self.settings, self.name, self.key)
                    wait(lambda: lender.version() not in ("", "1"), "no new champion")
                    break
            self.say(f"too early: the next look is on {due:%Y-%m-%d}")
            at = self.look_from(due - timedelta(days=self.world.look_days))
        minutes = (time.monotonic() - asked) / 60
        self.say(f"version {lender.version()} answers")
        lender.until(at + timedelta(days=self.world.days_after + 30))
        self.run_reconciler()
        new = lender.version()
        states = [one.state for one in alerts(self.settings, model_name=self.name)]
        return Turn(
            "event and automation" if by_event else "reconciler alone",
            (alarm_at - drift).days,
            (at - alarm_at).days,
            minutes,
            sum(lender.tally.statuses.values()),
            lender.tally.n_failures,
            n_canary,
            len(Registry(self.settings).versions(self.name)) - 1,
            lender.cost(self.contract, "1", drift)[0],
            lender.cost(self.contract, new, drift)[0],
            ", ".join(f"{states.count(s)} {s}" for s in sorted(set(states))),
        )

    def tried(self) -> int:
        """Let the new version answer a share of the requests; return how many it did."""
        from flows.try_version import try_version
        from flows.watch_canaries import watch_canaries

        version = requests(self.settings, model_name=self.name)[0].version
        asyncio.run(try_version(self.name, version, self.world.canary_share))

        def answers() -> int:
            made = list(self.lender.tally.decisions.values())
            return sum(of == str(version) for of, _ in made)

        wait(lambda: answers() >= self.world.canary_answers, "the canary does not answer")
        seen = asyncio.run(watch_canaries())[self.name]
        if seen["withdrawn"]:
            raise RuntimeError(f"the canary was withdrawn: {seen['reasons']}")
        self.say(f"version {version} answered {answers()} as canary; the watch lets it")
        return answers()

    def look_from(self, at: datetime) -> datetime:
        """Let days pass, look every few, return the one that asks for a retraining."""
        from flows.monitor_champion import monitor_champion

        for _ in range(40):
            at += timedelta(days=self.world.look_days)
            self.lender.until(at)
            seen = asyncio.run(
                monitor_champion(self.name, as_of=at, window_days=30, looks=26)
            )
            self.say(
                f"{at:%Y-%m-%d}: {seen['n_rows']} decisions, {seen['n_matured']} labels "
                f"matured, alerts {seen['alerts']}"
            )
            if seen["retrainings"]:
                return at
        raise RuntimeError("nothing asks for a retraining")

    def taken_up(self) -> datetime | None:
        """Wait for the run; return when to look again, None if people are to sign."""

        def newest() -> Request:
            return requests(self.settings, model_name=self.name)[0]

        def is_done() -> bool:
            one = newest()
            if one.state in ("refused", "failed"):
                raise RuntimeError(one.note)
            tried = one.n_tries > self.n_tries
            return one.state == "signing" or (one.state == "asked" and tried)

        wait(is_done, "no run takes the request up")
        self.n_tries = newest().n_tries
        return None if newest().state == "signing" else newest().due_at

    def run_reconciler(self) -> None:
        """Run `reconcile-alerts` on the worker now instead of in its five minutes."""
        with PrefectApi(self.settings.prefect_api) as api:
            found = next(
                each
                for each in api.deployments()
                if each["flow_name"] == "reconcile-alerts"
            )
            run: Json = api.start_run(found["id"], {})
            wait(
                lambda: api.run(run["id"]).get("state_type") in FINISHED,
                "the reconciler does not end",
            )

    def say(self, text: str) -> None:
        """Tell who watches."""
        self.console.print(f"{self.name}: {text}", highlight=False)


def wait(holds, lament: str) -> None:  # noqa: ANN001 # any callable of nothing
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(lament)
        time.sleep(0.3)


def page(turns: list[Turn]) -> str:
    """Return the document."""
    rows = [
        ("retraining started by", *(t.path for t in turns)),
        ("days from drift to alarm", *(str(t.days_to_alarm) for t in turns)),
        ("days from alarm to enough labels", *(str(t.days_to_labels) for t in turns)),
        (
            "minutes from there to the new champion",
            *(f"{t.minutes_to_champion:.1f}" for t in turns),
        ),
        ("requests", *(f"{t.n_requests:,}" for t in turns)),
        ("failures", *(str(t.n_failures) for t in turns)),
        ("answers of the new version as canary", *(str(t.n_canary) for t in turns)),
        ("retrainings", *(str(t.n_retrainings) for t in turns)),
        (
            "cost since the drift, old champion",
            *(f"{t.cost_before:.2f}" for t in turns),
        ),
        ("cost since the drift, new champion", *(f"{t.cost_after:.2f}" for t in turns)),
        ("alerts", *(t.alerts for t in turns)),
    ]
    return (
        "# The loop on live traffic\n\n"
        "Written by `make loop`. A simulated lender asks the real API on a virtual "
        "clock; outcomes are reported through the API when they are 90 days old. On "
        f"{DRIFT} a recession raises the odds of default. Prefect, MLflow, a worker and "
        "the API run as processes of one machine. The new version answers a share of the "
        "requests as canary, then a test key signs. Cost in USD a "
        "decision by the contract's matrix, with the simulation's own outcomes.\n\n"
        "| | first turn | second turn |\n|---|---:|---:|\n"
        + "\n".join(f"| {' | '.join(row)} |" for row in rows)
        + "\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
