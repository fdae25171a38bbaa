"""What each worker of this machine serves, in a folder that all of them read."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.boundary.metrics import Metrics
from serving.catalogue import Catalogue

SILENT_SECONDS = 10.0
"""A worker that has not written for so long is named as silent."""
GONE_SECONDS = 120.0
"""A worker that has not written for so long is forgotten."""
_SUFFIX = ".worker"


def _own_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True)
class WorkerBoard:
    """A folder with one small file a worker, replaced after each look at the registry.

    Attributes
    ----------
    folder : Path
        Where the files are; workers that share it see one another.
    name : str
        This worker's, of the host and the process.
    started : float
        When it started, epoch seconds.
    """

    folder: Path
    name: str = field(default_factory=_own_name)
    started: float = field(default_factory=time.time)

    def post(self, catalogue: Catalogue, metrics: Metrics, n_waiting: int = 0) -> None:
        """Write what this worker serves and counted, and how far its ledger lags."""
        metrics.ledger_lag(n_waiting)
        note_standings(catalogue, metrics, self.started)
        content = {
            "worker": self.name,
            "seen": time.time(),
            "models": {
                name: {
                    "version": standing.champion.version if standing.champion else None,
                    "bundle_digest": (
                        standing.champion.bundle.digest if standing.champion else None
                    ),
                    "refused_version": standing.refused_version or None,
                    "problem": standing.problem,
                }
                for name, standing in catalogue.standings.items()
            },
            "metrics": metrics.snapshot(),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".worker-", dir=self.folder)
        with os.fdopen(handle, "w") as file:
            json.dump(content, file)
        Path(name).replace(self.folder / f"{self.name}{_SUFFIX}")

    def withdraw(self) -> None:
        """Take this worker's file away, at its end."""
        (self.folder / f"{self.name}{_SUFFIX}").unlink(missing_ok=True)

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what every worker wrote last, by its name; those long gone are not in.

        A file that does not read is left out: its worker is about to write another.
        """
        found: dict[str, dict[str, Any]] = {}
        now = time.time()
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                content = json.loads(path.read_text())
                age = now - float(content["seen"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if age > GONE_SECONDS:
                path.unlink(missing_ok=True)
                continue
            found[path.name.removesuffix(_SUFFIX)] = {**content, "age_seconds": age}
        return found

    def agreement(self, model: str) -> dict[str, Any]:
        """Return whether all workers answer with one version of a model, and who not.

        Returns
        -------
        dict
            ``agree``; ``version`` that most answer with, the newest on a tie;
            ``disagreeing``, names; and ``workers``, one entry each.
        """
        entries = []
        for name, content in self.read().items():
            standing = content.get("models", {}).get(model, {})
            entries.append(
                {
                    "worker": name,
                    "version": standing.get("version"),
                    "bundle_digest": standing.get("bundle_digest"),
                    "refused_version": standing.get("refused_version"),
                    "problem": standing.get("problem", ""),
                    "seen_seconds_ago": round(content["age_seconds"], 3),
                    "is_silent": content["age_seconds"] > SILENT_SECONDS,
                }
            )
        return {"model": model, **_verdict(entries), "workers": entries}


def note_standings(catalogue: Catalogue, metrics: Metrics, started: float) -> None:
    """Set the gauges of what is served."""
    standings = catalogue.standings
    metrics.replace_gauges(
        "assay_champion_info",
        {
            (
                ("model", name),
                ("version", standing.champion.version),
                ("digest", standing.champion.bundle.digest[:12]),
            ): 1.0
            for name, standing in standings.items()
            if standing.champion
        },
    )
    for name, standing in standings.items():
        labels = (("model", name),)
        metrics.gauge("assay_model_problem", float(bool(standing.problem)), labels)
    metrics.gauge("assay_registry_reachable", float(not catalogue.registry_problem))
    metrics.gauge("assay_start_time_seconds", started)


def _verdict(entries: list[dict[str, Any]]) -> dict[str, Any]:
    counts: dict[tuple[str, str], int] = {}
    for entry in entries:
        held = (str(entry["version"]), str(entry["bundle_digest"]))
        counts[held] = counts.get(held, 0) + 1
    if not counts:
        return {"agree": False, "version": None, "disagreeing": []}
    most = max(counts, key=lambda held: (counts[held], _number(held[0])))
    disagreeing = [
        entry["worker"]
        for entry in entries
        if (str(entry["version"]), str(entry["bundle_digest"])) != most
        or entry["is_silent"]
    ]
    agreed: Mapping[str, Any] = {"agree": not disagreeing, "disagreeing": disagreeing}
    return {**agreed, "version": None if most[0] == "None" else most[0]}


def _number(version: str) -> int:
    return int(version) if version.isdigit() else -1
