"""Live traffic of a simulated lender: requests and labels on a virtual clock."""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from assay.contract import Contract
from assay.contract.request import requested_fields

CONNECTIONS = 3
LABELS_AT_A_TIME = 500
IDLE_SECONDS = 1.0
ROLES = ("identifier", "event_time")


@dataclass(slots=True)
class Tally:
    """What the callers saw.

    Attributes
    ----------
    statuses : Counter
        Answers by HTTP status; 0 is no answer at all.
    decisions : dict of str to (str, str)
        Version and decision by application.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    decisions: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def n_failures(self) -> int:
        """Requests that got no decision."""
        return sum(n for status, n in self.statuses.items() if status != 200)


class Lender:
    """Sends applications as their day comes, and outcomes as they mature.

    Parameters
    ----------
    host, port
        Of the scoring API.
    contract : Contract
        Of the model that is asked.
    frame, outcomes
        Applications in the order of their time, and how each ends.
    """

    def __init__(
        self,
        host: str,
        port: int,
        contract: Contract,
        frame: pd.DataFrame,
        outcomes: np.ndarray[Any, np.dtype[np.float64]],
    ) -> None:
        self.model, self.tally = contract.name, Tally()
        self._address, self._own = (host, port), threading.local()
        self._maturity = timedelta(days=contract.label.maturity_days)
        fields = {each.name: each.dtype for each in requested_fields(contract)}
        number, applied_at = (contract.with_role(r)[0].name for r in ROLES)
        self.numbers = frame[number].tolist()
        self.times = pd.to_datetime(frame[applied_at], utc=True)
        rows = frame[list(fields)].to_dict("records")
        self._bodies = [_body(row, fields) for row in rows]
        self.outcomes = outcomes
        self._n_sent = self._n_labelled = 0

    def begin(self, at: datetime) -> None:
        """Let the first request be the first application after a moment."""
        first = int(np.searchsorted(self.times, pd.Timestamp(at)))
        self._n_sent = self._n_labelled = self._first = first

    def until(self, at: datetime) -> None:
        """Send what was applied for by a moment, and the outcomes known by then."""
        last = int(np.searchsorted(self.times, pd.Timestamp(at)))
        with ThreadPoolExecutor(CONNECTIONS) as callers:
            list(callers.map(self._ask, range(self._n_sent, last), chunksize=64))
        self._n_sent = max(self._n_sent, last)
        mature = int(np.searchsorted(self.times, pd.Timestamp(at - self._maturity)))
        for start in range(self._n_labelled, mature, LABELS_AT_A_TIME):
            self._report(range(start, min(start + LABELS_AT_A_TIME, mature)))
        self._n_labelled = max(self._n_labelled, mature)

    @contextmanager
    def steadily(self, pause_seconds: float = 0.05) -> Iterator[None]:
        """Let applications come one by one, slowly, while the block runs."""
        done = threading.Event()

        def ask() -> None:
            while not done.wait(pause_seconds):
                self._ask(self._n_sent)
                self._n_sent += 1

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
        finally:
            done.set()
            asking.join()

    def cost(
        self, contract: Contract, version: str, since: datetime
    ) -> tuple[float, int]:
        """Return the mean cost of a version's decisions since a moment, and how many.

        The outcomes are the simulation's own: no label has to mature for this.
        """
        costs, found = contract.decision.costs, []
        for number, applied_at, outcome in zip(
            self.numbers, self.times, self.outcomes, strict=True
        ):
            made = self.tally.decisions.get(number)
            if made is None or made[0] != version or applied_at < pd.Timestamp(since):
                continue
            is_adverse = made[1] == contract.decision.positive_action
            table = {
                (True, True): costs.true_positive,
                (True, False): costs.false_positive,
                (False, True): costs.false_negative,
                (False, False): costs.true_negative,
            }
            found.append(table[is_adverse, bool(outcome)])
        return (float(np.mean(found)) if found else math.nan), len(found)

    def version(self) -> str:
        """Return which version the service answers with; empty where none does."""
        status, content = self._send("GET", f"/v1/models/{self.model}", None, {})
        return str(content.get("version", "")) if status == 200 else ""

    def _ask(self, place: int) -> None:
        number = self.numbers[place]
        path = f"/v1/models/{self.model}/score"
        headers = {"X-Request-Id": f"{self.model}-{number}"}
        status, content = self._send("POST", path, self._bodies[place], headers)
        self.tally.statuses[status] += 1
        if status == 200:
            self.tally.decisions[number] = (content["version"], content["decision"])

    def _report(self, places: range) -> None:
        told = [
            {
                "request_id": f"{self.model}-{self.numbers[place]}",
                "label": int(self.outcomes[place]),
                "observed_at": (self.times.iloc[place] + self._maturity).isoformat(),
            }
            for place in places
        ]
        path = f"/v1/models/{self.model}/outcomes"
        body = json.dumps({"outcomes": told}).encode()
        status, content = self._send("POST", path, body, {})
        self.tally.statuses[status] += 1
        if status == 200 and content["n_unknown"]:
            raise RuntimeError(f"{content['n_unknown']} labels found no decision")

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", **headers}
        try:
            connection = self._connection()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError):
            self._own.connection = None
            return 0, {}

    def _connection(self) -> http.client.HTTPConnection:
        """Return this thread's connection; one that was idle is not used again.

        The server closes idle connections, and a request that meets that moment is lost
        on the way: no fault of the server, and none that a caller could tell from one.
        """
        found = getattr(self._own, "connection", None)
        idle = time.monotonic() - getattr(self._own, "used", 0.0)
        self._own.used = time.monotonic()
        if found is not None and idle > IDLE_SECONDS:
            found.close()
            found = None
        if found is None:
            found = self._own.connection = http.client.HTTPConnection(
                *self._address, timeout=60
            )
        return found


def _body(row: dict[str, Any], kinds: dict[str, str]) -> bytes:
    """Return a row as a caller would send it."""
    clean = {}
    for name, value in row.items():
        if isinstance(value, float) and math.isnan(value):
            clean[name] = None
        elif kinds[name] == "timestamp":
            clean[name] = value.isoformat()
        else:
            clean[name] = bool(value) if kinds[name] == "boolean" else value
    return json.dumps(clean).encode()
