"""Tasks of a window too large for memory: count its files, tell what moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from assay.adapters.fan_out import fan_out
from assay.adapters.tracking import Evidence, LoggedRun, VersionRecord, log_evidence
from assay.adapters.tracking.monitors import monitor_experiment
from assay.adapters.window_files import files_drift
from assay.contract import Contract
from assay.errors import DataError, SourceError
from assay.evaluation.plots import png
from assay.monitoring.alarms import Alarm, AlarmPolicy, decide_alarms
from assay.monitoring.distances import ColumnDrift
from assay.monitoring.notices import Notice, drift_notices
from assay.monitoring.profile import Reference
from assay.monitoring.report import drift_page, stability_plot
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass


@dataclass(frozen=True, slots=True, eq=False)
class FileWindow:
    """Which files a window lies in.

    Attributes
    ----------
    files : tuple of Path
        In the order of their names.
    n_rows : int
        By their footers.
    """

    files: tuple[Path, ...]
    n_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How far each column of the files moved, and what has to be told."""

    drifts: tuple[ColumnDrift, ...]
    alarms: tuple[Alarm, ...]
    notices: tuple[Notice, ...]


@task(name="find-files", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def find_files(folder: str, contract: Contract) -> FileWindow:
    """Return the Parquet files below a folder, with their rows.

    Raises
    ------
    DataError
        If there is none, all are empty, or one lacks a feature of the contract.
    SourceError
        If a file does not read as Parquet.
    """
    files = tuple(sorted(Path(folder).rglob("*.parquet")))
    wanted = {feature.name for feature in contract.features}
    n_rows = 0
    for file in files:
        try:
            schema, footer = pq.read_schema(file), pq.read_metadata(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise SourceError(f"{file} does not read as Parquet: {error}") from error
        absent = sorted(wanted - set(schema.names))
        if absent:
            raise DataError(
                f"{file} lacks {len(absent)} of {len(wanted)} features of "
                f"{contract.name!r}: {', '.join(absent[:5])}"
            )
        n_rows += footer.num_rows
    if not n_rows:
        raise DataError(
            f"{len(files)} Parquet files with {n_rows} rows lie below {folder}: there is "
            "nothing to compare the reference with"
        )
    get_run_logger().info("files found: n_files=%d n_rows=%d", len(files), n_rows)
    return FileWindow(files, n_rows)


@task(name="measure-files", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def measure_files(
    window: FileWindow,
    reference: Reference,
    contract: Contract,
    policy: AlarmPolicy,
    settings: Settings,
) -> Moved:
    """Count the files, here or among Dask's workers, and decide the alarms.

    The setting ``fan_out`` says where. The result is the same for any number of workers.
    """
    with fan_out(settings.fan_out) as spread:
        drifts = files_drift(reference, window.files, spread)
    alarms = decide_alarms(drifts, contract.limits, policy)
    notices = tuple(drift_notices(drifts, alarms, contract))
    get_run_logger().info(
        "files measured: columns=%d moved=%d", len(drifts), len(notices)
    )
    return Moved(drifts, alarms, notices)


@task(name="publish-files", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def publish_files(
    window: FileWindow,
    moved: Moved,
    record: VersionRecord,
    contract: Contract,
    settings: Settings,
) -> str:
    """Keep page and picture, show them on the flow run, return where they are."""
    rows = f"{window.n_rows:,} rows of {len(window.files):,} files."
    page = drift_page(moved.drifts, moved.alarms, moved.notices, contract, rows)
    logged = log_evidence(
        settings,
        monitor_experiment(contract.name),
        f"version-{record.version}-files",
        Evidence(
            parameters={"version": record.version, "n_rows": window.n_rows},
            metrics={f"psi_{one.name}": one.psi for one in moved.alarms},
            files={
                "watch.md": page.encode(),
                "plots/stability.png": png(stability_plot(moved.alarms, contract)),
            },
            tags={"assay.bundle_digest": record.bundle_digest},
        ),
    )
    _show(page, logged, contract, settings)
    return logged.url


def _show(page: str, logged: LoggedRun, contract: Contract, settings: Settings) -> None:
    key = f"{contract.name.replace('_', '-')}-files"
    create_markdown_artifact(page, key=key)
    picture = f"get-artifact?path=plots/stability.png&run_uuid={logged.run_id}"
    create_image_artifact(f"{settings.mlflow_tracking}/{picture}", key=f"{key}-stability")
