"""How long `assay who-was-live` takes to find its answer among a million entries."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert

from assay.adapters.champions.chains import chain_links, open_chains
from assay.adapters.champions.history import champion_at
from assay.adapters.database import open_database
from assay.history import Change, Served, Traffic, history_of, next_link
from assay.history.chain import Link, moment
from assay.history.entry import change_content
from assay.settings import Settings
from benchmarks.promotion.results import write_section

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=3)
MODEL = "credit_default"


def links(n_entries: int) -> Iterator[Link]:
    """Give a history in which the champion changes every three minutes."""
    head: Link | None = None
    for n in range(n_entries):
        traffic = Traffic(Served(n + 1, f"{n + 1:064x}"))
        change = Change("promoted", traffic, "benchmark", ("kept",))
        content = change_content(change)
        head = next_link(history_of(MODEL), head, content, START + n * STEP)
        yield head


def fill(settings: Settings, n_entries: int) -> None:
    """Write the history in batches."""
    batch: list[dict[str, Any]] = []
    with open_database(settings) as connection:
        for link in links(n_entries):
            batch.append(
                {
                    "chain": link.chain,
                    "sequence": link.sequence,
                    "at": moment(link.at),
                    "body": link.body,
                    "previous": link.previous,
                    "digest": link.digest,
                }
            )
            if len(batch) == 20_000:
                connection.execute(insert(chain_links), batch)
                batch = []
        if batch:
            connection.execute(insert(chain_links), batch)


def answer_times(
    settings: Settings, n_entries: int, n_asked: int
) -> tuple[list[float], list[float]]:
    """Return milliseconds an answer: on an open connection, and with one of its own."""
    rng = np.random.default_rng(0)
    alone, whole = [], []
    with open_chains(settings) as chains:
        for n in rng.integers(0, n_entries, n_asked):
            at = START + int(n) * STEP + STEP / 2
            begun = time.perf_counter()
            link = chains.at(history_of(MODEL), at)
            alone.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
            entry = champion_at(settings, MODEL, at)
            whole.append(1000 * (time.perf_counter() - begun))
            if (
                entry is None
                or link is None
                or not entry.version == n + 1 == link.sequence
            ):
                raise SystemExit(f"wrong answer at {at}: {entry}")
    return alone, whole


def main() -> None:
    """Fill a database, ask, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=500)
    parser.add_argument("--postgresql", default="", help="URL of an empty database")
    given = parser.parse_args()
    lines = [
        f"{given.entries:,} entries of one model, {given.asked:,} random moments, the "
        "function behind the command; every answer checked.",
        "",
        "| database | | median, ms | 99th percentile, ms | goal, ms |",
        "|---|---|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("SQLite", ""), ("PostgreSQL", given.postgresql)):
            if name == "PostgreSQL" and not url:
                continue
            settings = Settings(home=Path(folder), database=url)  # type: ignore[arg-type] # a secret
            fill(settings, given.entries)
            times = answer_times(settings, given.entries, given.asked)
            for what, found in zip(("the answer", "with connecting"), times, strict=True):
                median, late = np.quantile(found, [0.5, 0.99])
                row = f"| {name} | {what} | {median:.1f} | {late:.1f} | 10 |"
                print(row, flush=True)
                lines.append(row)
    more = " --postgresql URL" if given.postgresql else ""
    lines += ["", f"Command: `python -m benchmarks.promotion.history{more}`"]
    write_section("history", "Who was live: a million entries", lines)


if __name__ == "__main__":
    main()
