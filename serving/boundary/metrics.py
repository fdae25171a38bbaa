"""Counts and times of one worker, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping
from threading import Lock
from typing import Any, Protocol

from assay.contract import Contract

Labels = tuple[tuple[str, str], ...]

SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
"""Upper bounds of the buckets of every time, in seconds."""
MOST_SERIES = 5_000
"""Label values beyond this many series are counted in none: memory stays bounded."""


class Decides(Protocol):
    """What is asked of a champion to count its decisions."""

    @property
    def model_name(self) -> str:
        """Name in the registry."""

    @property
    def version(self) -> str:
        """The version's number there."""

    @property
    def contract(self) -> Contract:
        """The contract, which names the two outcomes."""


class Metrics:
    """What a worker counts. Every method may be called from any thread.

    The scoring path calls `decided`, `refused`, `committed` and `ledger_lag`; the guard
    and the catalogue call the rest.

    Attributes
    ----------
    is_known : callable
        Whether a model of that name is served: a label that callers cannot invent.
    """

    def __init__(self) -> None:
        self.is_known: Callable[[str], bool] = lambda _: True
        self._lock = Lock()
        self._answers: dict[tuple[str, str, int], list[float]] = {}
        self._decisions: dict[tuple[str, str, bool], list[Any]] = {}
        self._commits = [0.0] * (len(SECONDS) + 2)
        self._counters: dict[tuple[str, Labels], float] = {}
        self._gauges: dict[tuple[str, Labels], float] = {}
        self._times: dict[tuple[str, Labels], list[float]] = {}

    def request(self, route: str, model: str, status: int, seconds: float) -> None:
        """Count an answer and the time it took. Called by the event loop alone."""
        held = self._answers.get((route, model, status))
        if held is None:
            if not self.is_known(model):
                model = ""
            empty = [0.0] * (len(SECONDS) + 2)
            held = self._answers.setdefault((route, model, status), empty)
        held[bisect_left(SECONDS, seconds)] += 1
        held[-1] += seconds

    def turned_away(self, cause: str) -> None:
        """Count a request that the guard refused: ``overloaded``, ``no_key``, ..."""
        with self._lock:
            self._count("assay_turned_away_total", (("cause", cause),), 1)

    def decided(self, champion: Decides, is_adverse: bool, n_rows: int = 1) -> None:
        """Count decisions of a version. Called by the event loop alone."""
        key = (champion.model_name, champion.version, is_adverse)
        held = self._decisions.get(key)
        if held is None:
            rule = champion.contract.decision
            action = rule.positive_action if is_adverse else rule.negative_action
            held = self._decisions.setdefault(key, [action, 0])
        held[1] += n_rows

    def decided_all(self, champion: Decides, are_adverse: Collection[bool]) -> None:
        """Count the decisions on many rows."""
        n_adverse = sum(are_adverse)
        n_others = len(are_adverse) - n_adverse
        for is_adverse, n_rows in ((True, n_adverse), (False, n_others)):
            if n_rows:
                self.decided(champion, is_adverse, n_rows)

    def refused(self, model: str, errors: Iterable[Mapping[str, Any]]) -> None:
        """Count the values of a refused request by field and rule; no value is kept.

        Parameters
        ----------
        model : str
            The model that was asked.
        errors : iterable of mapping
            The member ``errors`` of the problem document.
        """
        with self._lock:
            for error in errors:
                rule = str(error.get("rule", ""))
                # A field that the contract does not know is named by the caller.
                is_ours = rule not in ("unknown_field", "")
                name = str(error.get("field", "")) if is_ours else "unknown"
                labels = (("model", model), ("field", name), ("rule", rule))
                self._count("assay_refused_values_total", labels, 1)

    def bundle_refused(self, model: str, version: str) -> None:
        """Count an attempt to load a bundle that was refused."""
        labels = (("model", model), ("version", version))
        with self._lock:
            self._count("assay_bundles_refused_total", labels, 1)

    def committed(self, seconds: float) -> None:
        """Note how long a record waited for its commit. For the event loop alone."""
        self._commits[bisect_left(SECONDS, seconds)] += 1
        self._commits[-1] += seconds

    def ledger_lag(self, n_records: int) -> None:
        """Note how many records wait for their commit."""
        self.gauge("assay_ledger_lag_records", n_records)

    def gauge(self, name: str, value: float, labels: Labels = ()) -> None:
        """Set a value that goes up and down."""
        with self._lock:
            self._gauges[name, labels] = value

    def replace_gauges(self, name: str, values: Mapping[Labels, float]) -> None:
        """Set every series of a gauge anew; those that are not named are gone."""
        with self._lock:
            for key in [key for key in self._gauges if key[0] == name]:
                del self._gauges[key]
            for labels, value in values.items():
                self._gauges[name, labels] = value

    def snapshot(self) -> dict[str, list[Any]]:
        """Return everything in plain lists, fit for JSON and for `exposition`."""
        n_answers, times = _of_answers(self._answers.copy())
        counters = n_answers | _of_decisions(self._decisions.copy())
        times["assay_ledger_commit_seconds", ()] = self._commits.copy()
        with self._lock:
            counters, gauges = counters | self._counters, self._gauges.copy()
            times |= {key: list(held) for key, held in self._times.items()}
        return {
            "counters": [[*key, value] for key, value in counters.items()],
            "gauges": [[*key, value] for key, value in gauges.items()],
            "times": [[*key, value] for key, value in times.items()],
        }

    def _count(self, name: str, labels: Labels, n: float) -> None:
        key = (name, labels)
        if key in self._counters or len(self._counters) < MOST_SERIES:
            self._counters[key] = self._counters.get(key, 0.0) + n

    def _time(self, name: str, labels: Labels, seconds: float) -> None:
        """Add to a histogram: one count a bucket, those beyond the last, the sum."""
        key = (name, labels)
        held = self._times.get(key)
        if held is None:
            if len(self._times) >= MOST_SERIES:
                return
            held = self._times[key] = [0.0] * (len(SECONDS) + 2)
        held[bisect_left(SECONDS, seconds)] += 1
        held[-1] += seconds


def _of_decisions(
    decisions: Mapping[tuple[str, str, bool], list[Any]],
) -> dict[tuple[str, Labels], float]:
    found: dict[tuple[str, Labels], float] = {}
    for (model, version, _), (outcome, n_rows) in decisions.items():
        labels = (("model", model), ("version", version), ("outcome", outcome))
        found["assay_decisions_total", labels] = n_rows
    return found


def _of_answers(
    answers: Mapping[tuple[str, str, int], list[float]],
) -> tuple[dict[tuple[str, Labels], float], dict[tuple[str, Labels], list[float]]]:
    """Return the counter of answers by status, and their times whatever the status."""
    counters: dict[tuple[str, Labels], float] = {}
    times: dict[tuple[str, Labels], list[float]] = {}
    for (route, model, status), held in answers.items():
        labels = (("route", route), ("model", model))
        by_status = (*labels, ("status", str(status)))
        counters["assay_requests_total", by_status] = sum(held[:-1])
        key = ("assay_request_seconds", labels)
        before = times.get(key, [0.0] * len(held))
        times[key] = [sum(pair) for pair in zip(before, held, strict=True)]
    return counters, times
