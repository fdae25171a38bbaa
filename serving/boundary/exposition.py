"""Prometheus' text format, version 0.0.4, of the counts of all workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from serving.boundary.metrics import SECONDS

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MEANINGS = {
    "assay_requests_total": "Answers by route, model and HTTP status.",
    "assay_request_seconds": "Time from the first byte of a request to its answer.",
    "assay_turned_away_total": "Requests refused before they reached a model.",
    "assay_decisions_total": "Decisions by model, version and outcome.",
    "assay_refused_values_total": "Values that broke a contract, by field and rule.",
    "assay_bundles_refused_total": "Attempts to load a bundle that was refused.",
    "assay_ledger_commit_seconds": "Time that a record waited for its commit.",
    "assay_ledger_lag_records": "Records that wait for their commit.",
    "assay_requests_in_flight": "Requests that are being answered.",
    "assay_champion_info": "1 for the version of each model that answers.",
    "assay_model_problem": "1 where a model does not stand as the registry says.",
    "assay_shadow_rows": "Rows for the version that is only watched, by what became "
    "of them.",
    "assay_registry_reachable": "1 while the registry answers.",
    "assay_start_time_seconds": "When the worker started, epoch seconds.",
}


def exposition(snapshots: Mapping[str, Mapping[str, list[Any]]]) -> str:
    """Return the metrics of every worker, each under the label ``worker``.

    Parameters
    ----------
    snapshots : mapping of str to mapping
        What `Metrics.snapshot` gave, by worker.
    """
    families: dict[tuple[str, str], list[str]] = {}
    for worker, snapshot in snapshots.items():
        for kind, part in (("counter", "counters"), ("gauge", "gauges")):
            for name, labels, value in snapshot.get(part, ()):
                text = f"{name}{_labels(worker, labels)} {_number(value)}"
                families.setdefault((name, kind), []).append(text)
        for name, labels, held in snapshot.get("times", ()):
            lines = families.setdefault((name, "histogram"), [])
            lines += _histogram(name, worker, labels, held)
    output: list[str] = []
    for (name, kind), lines in sorted(families.items()):
        output += [f"# HELP {name} {MEANINGS.get(name, name)}", f"# TYPE {name} {kind}"]
        output += lines
    return "\n".join(output) + "\n"


def _histogram(
    name: str, worker: str, labels: Iterable[Any], held: list[float]
) -> list[str]:
    pairs = [tuple(pair) for pair in labels]
    counts = list(accumulate(held[:-1]))
    bounds = [*(_number(bound) for bound in SECONDS), "+Inf"]
    lines = [
        f"{name}_bucket{_labels(worker, [*pairs, ('le', bound)])} {_number(count)}"
        for bound, count in zip(bounds, counts, strict=True)
    ]
    own = _labels(worker, pairs)
    return [
        *lines,
        f"{name}_sum{own} {_number(held[-1])}",
        f"{name}_count{own} {_number(counts[-1])}",
    ]


def _labels(worker: str, labels: Iterable[Any]) -> str:
    pairs = [("worker", worker), *labels]
    return "{" + ",".join(f'{name}="{_escaped(str(v))}"' for name, v in pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
