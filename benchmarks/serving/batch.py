"""Score a file of ten million rows as the flow score-batch does, in bounded memory.

Run: python -m benchmarks.serving.batch [ROWS]
Writes docs/results/batch.md. The rows are of the simulated lender, written group by
group; what scores them runs in a process of its own, whose largest size is read at its
end. The scikit-learn pipeline scores the same file, read and written in the same pieces.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assay.adapters.sources.files import iterate_path
from assay.adapters.tracking import VersionRecord
from assay.bundle import read_bundle
from assay.features.matrix import design_matrix
from assay.simulate.lender import simulate_lender
from benchmarks.serving.peers.model import MODEL, make
from tasks.score import ChunkScorer, write_scores

RESULT = Path(__file__).resolve().parents[2] / "docs" / "results" / "batch.md"
GROUP_ROWS, CHUNK_ROWS = 250_000, 100_000
GOAL = 5.0


def simulated(file: Path, n_rows: int) -> None:
    """Write rows of the simulated lender, a row group a seed."""
    writer = None
    for seed, start in enumerate(range(0, n_rows, GROUP_ROWS)):
        frame = simulate_lender(
            n_applicants=min(GROUP_ROWS, n_rows - start),
            start=date(2024, 1, 1),
            days=300,
            seed=1_000 + seed,
            as_of=datetime(2026, 1, 1, tzinfo=UTC),
        ).frame
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def by_assay(bundle: Path, rows: Path, output: Path) -> int:
    """Score a file as the flow does; return the number of rows."""
    version = read_bundle(bundle)
    record = VersionRecord(MODEL, 1, version.digest, "", "", {})
    chunks = iterate_path(str(rows), CHUNK_ROWS)
    found = write_scores(record, version, chunks, output, lambda _: None)
    return found.n_received


def by_pipeline(pipeline: Path, rows: Path, output: Path) -> int:
    """Score a file with the pipeline alone: nothing is checked; return the rows."""
    model, n_rows = joblib.load(pipeline), 0
    schema = pa.schema([("probability", pa.float64())])
    with pq.ParquetWriter(output, schema, compression="zstd") as writer:
        for chunk in iterate_path(str(rows), CHUNK_ROWS):
            found = model.predict_proba(chunk[list(model.columns)])[:, 1]
            writer.write_table(pa.table({"probability": found}, schema=schema))
            n_rows += len(chunk)
    return n_rows


def scores_alone(bundle: Path, pipeline: Path, rows: Path) -> tuple[float, float, float]:
    """Return rows per CPU second of the pipeline and of Assay, and how far they differ.

    Both get what they score ready in memory: the frame, the design matrix.
    """
    frame = next(iterate_path(str(rows), CHUNK_ROWS))
    model, version = joblib.load(pipeline), read_bundle(bundle)
    scorer = ChunkScorer.of(version)
    assert scorer.exits is not None  # noqa: S101 # it has trees and reasons
    asked = frame[list(model.columns)]
    matrix, _ = design_matrix(frame, version.contract)
    exits = scorer.exits
    theirs = _best(lambda: model.predict_proba(asked))
    ours = _best(lambda: exits.log_odds_of(matrix))
    by_graph = scorer.scorer.probabilities(
        {name: frame[name].tolist() for name in model.columns}
    )
    by_leaves = scorer.probabilities(frame)
    worst = float(np.abs(by_graph - by_leaves).max())
    return len(frame) / theirs, len(frame) / ours, worst


def _best(run: object) -> float:
    best = float("inf")
    for _ in range(5):
        begin = time.process_time()
        run()  # type: ignore[operator] # a function of nothing
        best = min(best, time.process_time() - begin)
    return best


def in_a_process(way: str, *paths: Path) -> dict[str, float]:
    """Score in a process of its own; return its rows, CPU seconds and largest MiB."""
    command = [sys.executable, "-m", "benchmarks.serving.batch", way, *map(str, paths)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def child(way: str, paths: list[str]) -> None:
    """Do what `in_a_process` asked for."""
    begin, before = time.perf_counter(), time.process_time()
    work = {"assay": by_assay, "pipeline": by_pipeline}[way]
    n_rows = work(*map(Path, paths))
    status = Path("/proc/self/status").read_text()
    said = {
        "rows": n_rows,
        "cpu": time.process_time() - before,
        "wall": time.perf_counter() - begin,
        # Not what `getrusage` says: that counts the process from which this one came.
        "mib": int(status.partition("VmHWM:")[2].split()[0]) / 1024,
    }
    sys.stdout.write(json.dumps(said) + "\n")


def main(n_rows: int) -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = make(folder)
        (bundle,) = (p for p in (made.home / "bundles" / MODEL).iterdir() if p.is_dir())
        simulated(folder / "few.parquet", n_rows // 10)
        simulated(folder / "many.parquet", n_rows)
        size = (folder / "many.parquet").stat().st_size / 1e6
        few, many = (
            in_a_process(
                "assay", bundle, folder / f"{which}.parquet", folder / f"{which}.scores"
            )
            for which in ("few", "many")
        )
        peer = in_a_process(
            "pipeline", made.pipeline, folder / "few.parquet", folder / "peer.scores"
        )
        theirs, ours, worst = scores_alone(bundle, made.pipeline, folder / "few.parquet")
    lines = [
        "# Batch scoring",
        "",
        f"Written by `python -m benchmarks.serving.batch {n_rows}` on "
        f"{datetime.now(UTC):%Y-%m-%d}, one thread, nice {os.nice(0)}, load average of "
        f"the {os.cpu_count()} cores at the end {os.getloadavg()[0]:.1f}. {made.said} "
        f"The large file: {n_rows:,} simulated rows, {size:,.0f} MB of Parquet.",
        "",
        "| what | rows | rows per CPU second | wall seconds | largest MiB |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {what} | {run['rows']:,.0f} | {run['rows'] / run['cpu']:,.0f} "
            f"| {run['wall']:,.0f} | {run['mib']:,.0f} |"
            for what, run in (
                ("score-batch: read, check, score, write", few),
                ("the same, ten times the rows", many),
                ("scikit-learn pipeline: read, score, write", peer),
            )
        ),
        "",
        "| scoring alone, ready in memory | rows per CPU second | times the pipeline |",
        "|---|---:|---:|",
        f"| scikit-learn pipeline, DataFrame | {theirs:,.0f} | 1.0 |",
        f"| Assay, design matrix | {ours:,.0f} | {ours / theirs:.1f} |",
        "",
        f"Goal: {GOAL:g} times the pipeline. Largest difference from the version's graph "
        f"on these rows: {worst:.1e}. Chunks of {CHUNK_ROWS:,} rows; of a file only one "
        "is in memory.",
        "",
    ]
    RESULT.write_text("\n".join(lines))
    print(RESULT.read_text())


if __name__ == "__main__":
    if len(sys.argv) > 2:
        child(sys.argv[1], sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
