"""Changes a model's champion over and over, as one of several people at once.

``python -m tests.end_to_end.changing HOME MLFLOW_URL MODEL SEED CHANGES V:DIGEST...``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from assay.adapters.champions.history import change_champion, history, newest_entry
from assay.errors import RegistryError
from assay.history import Served
from assay.history.decisions import canary, promotion, resume, rollback, stop
from assay.history.protocol import Decide
from assay.settings import Settings


def chosen(
    settings: Settings, name: str, versions: list[Served], rng: np.random.Generator
) -> Decide:
    """Return a change that makes sense for what the process sees."""
    head = newest_entry(settings, name)
    standing = head.version if head else None
    others = [one for one in versions if one.version != standing]
    one = others[int(rng.integers(len(others)))]
    kind = rng.choice(["promote", "promote", "roll back", "canary", "stop"])
    if head is not None and head.traffic.stopped:
        return resume("seen to", "tests")
    if kind == "promote" or head is None:
        return promotion(one, judged_against=standing, reasons=("kept",), actor="tests")
    if kind == "roll back":
        entries = history(settings, name)
        return rollback(entries, None, reason="as it was", actor="tests")
    return canary(one, 0.5, "tests") if kind == "canary" else stop("a minute", "tests")


def main(home: str, url: str, name: str, seed: str, n_changes: str, *named: str) -> None:
    """Change the champion so many times; what others were faster with is left."""
    settings = Settings(_env_file=None, home=Path(home), mlflow_url=url)
    pairs = (each.split(":") for each in named)
    versions = [Served(int(version), digest) for version, digest in pairs]
    rng = np.random.default_rng(int(seed))
    for _ in range(int(n_changes)):
        try:
            decide = chosen(settings, name, versions, rng)
            change_champion(settings, name, decide)
        except RegistryError as error:
            sys.stdout.write(f"refused: {error}\n")
        time.sleep(float(rng.uniform(0, 0.3)))


if __name__ == "__main__":
    main(*sys.argv[1:])
