"""What the ledger says of a model: its decisions, its labels, what it refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from assay.contract import Contract
from assay.ledger.recovery import segments_of
from assay.ledger.standalone import HEAD, segment_lines

DECISION_COLUMNS = (
    *("identifier", "decided_at", "recorded_at", "version", "probability"),
    *("decision", "latency_ms"),
)
ARRIVAL_COLUMNS = ("identifier", "label", "observed_at")
REFUSAL_COLUMNS = ("recorded_at", "status")


@dataclass(frozen=True, slots=True, eq=False)
class DecisionLog:
    """A model's records as frames.

    Attributes
    ----------
    decisions : DataFrame
        One row a decision, by time: ``identifier`` (of the request), ``decided_at``
        (the event time that the caller gave, else that of the record), ``recorded_at``,
        ``version``, ``probability``, ``decision``, ``latency_ms``. Of two with one
        identifier the later one counts, as for labels.
    inputs : DataFrame
        What was received, in the same order, a column a field.
    arrivals : DataFrame
        Labels as they came: ``identifier``, ``label``, ``observed_at``.
    refusals : DataFrame
        ``recorded_at`` and ``status`` of what was refused.
    n_sealed : int
        Decisions whose inputs are sealed: they are in no frame.
    """

    decisions: pd.DataFrame
    inputs: pd.DataFrame
    arrivals: pd.DataFrame
    refusals: pd.DataFrame
    n_sealed: int


def read_decisions(ledger: Path, contract: Contract) -> DecisionLog:
    """Return the records of a contract's model; empty frames where there are none.

    Parameters
    ----------
    ledger : Path
        Folder of the ledger.
    contract : Contract
        Names model, fields and event time.
    """
    decisions, inputs, arrivals, refusals, n_sealed = [], [], [], [], 0
    for at, entry in _entries(ledger, contract.name):
        kind, number = entry["kind"], entry.get("request_id", "")
        if kind == "outcome":
            arrivals.append((number, entry["label"], entry["observed_at"]))
        elif kind == "refusal":
            refusals.append((at, entry["status"]))
        elif kind == "decision" and "sealed" in entry["inputs"]:
            n_sealed += 1
        elif kind == "decision":
            decisions.append(_decision(number, at, entry, contract))
            inputs.append(entry["inputs"])
    told = pd.DataFrame(decisions, columns=list(DECISION_COLUMNS))
    given = pd.DataFrame(inputs, columns=_requested(contract), dtype=object)
    newest = ~told["identifier"].duplicated(keep="last")
    told, given = _instants(told[newest], "decided_at", "recorded_at"), given[newest]
    order = told["decided_at"].argsort(kind="stable")
    arrived = pd.DataFrame(arrivals, columns=list(ARRIVAL_COLUMNS))
    refused = pd.DataFrame(refusals, columns=list(REFUSAL_COLUMNS))
    return DecisionLog(
        told.iloc[order].reset_index(drop=True),
        given.iloc[order].reset_index(drop=True),
        _instants(arrived, "observed_at"),
        _instants(refused, "recorded_at"),
        n_sealed,
    )


def _entries(ledger: Path, model_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give time and entry of each record of a model that a look at it needs."""
    named = b'"model":' + orjson.dumps(model_name)
    folders = (each for each in (ledger / "streams").glob("*") if each.is_dir())
    for folder in sorted(folders):
        for segment in segments_of(folder):
            for line in segment_lines(segment, folder.name):
                if isinstance(line, bytes) or named not in line.body:
                    continue
                head = HEAD.search(line.body, max(0, len(line.body) - 256))
                entry = orjson.loads(line.body)["entry"]
                if head is not None and entry.get("model") == model_name:
                    yield head[4].decode(), entry


def _decision(
    number: str, at: str, entry: dict[str, Any], contract: Contract
) -> tuple[Any, ...]:
    name = contract.event_time.name if contract.event_time else ""
    return (
        number,
        entry["inputs"].get(name) or at,
        at,
        entry["version"],
        entry["probability"],
        entry["decision"],
        entry["latency_us"] / 1_000,
    )


def _requested(contract: Contract) -> list[str]:
    roles = ("feature", "identifier", "event_time")
    return [field.name for field in contract.fields if field.role in roles]


def _instants(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    read = {
        name: pd.to_datetime(frame[name], utc=True, format="ISO8601") for name in columns
    }
    return frame.assign(**read)
