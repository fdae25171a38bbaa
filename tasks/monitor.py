"""Tasks of monitoring: the window, its measures, its alerts, its report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
)
from prefect.cache_policies import NO_CACHE

from assay.adapters.sources import read_source
from assay.adapters.tracking import Evidence, LoggedRun, VersionRecord, log_evidence
from assay.adapters.tracking.monitors import monitor_experiment
from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import BundleError, DataError
from assay.evaluation.plots import png
from assay.models.parity import feature_columns
from assay.monitoring.alarms import AlarmPolicy
from assay.monitoring.estimation import CALIBRATION, Recalibration, read_recalibration
from assay.monitoring.joint import JOINT, Joint, read_joint
from assay.monitoring.profile import PROFILE, Reference, read_profile
from assay.monitoring.report import (
    Told,
    evidently_report,
    outcome_figures,
    outcome_page,
    outcome_plots,
    watch_page,
    watch_plots,
)
from assay.monitoring.revalidation import (
    Revalidated,
    revalidate,
    revalidation_page,
)
from assay.monitoring.watch import Watched, Window, watch
from assay.quality.rows import assess_rows
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What a champion's bundle keeps for monitoring."""

    reference: Reference
    recalibration: Recalibration | None
    joint: Joint | None = None


@task(
    name="receive-window", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def receive_window(
    source: str, bundle: Bundle, settings: Settings, as_of: datetime, days: float
) -> Window:
    """Read the rows of the last days and those whose labels matured in as many days."""
    received = read_source(source, bundle.contract, settings, as_of)
    window = window_of(received, bundle, as_of, days)
    get_run_logger().info(
        "window received: model=%s received=%d kept=%d matured=%d",
        bundle.contract.name,
        window.n_received,
        len(window.rows),
        len(window.matured),
    )
    return window


def window_of(
    received: pd.DataFrame, bundle: Bundle, as_of: datetime, days: float
) -> Window:
    """Return a window of received rows, scored by the champion.

    Raises
    ------
    DataError
        If the contract names no event time.
    """
    contract = bundle.contract
    if contract.event_time is None:
        raise DataError(
            f"the contract {contract.name!r} names no event_time; a window needs one"
        )
    scorer, end, length = Scorer.of(bundle), pd.Timestamp(as_of), timedelta(days=days)
    written = received[contract.event_time.name]
    times = pd.to_datetime(written, utc=True, errors="coerce", format="ISO8601")
    recent = received[(times > end - length) & (times <= end)].reset_index(drop=True)
    rows = assess_rows(recent, contract, as_of=as_of, labelled=False).accepted
    probabilities = (
        scorer.probabilities(feature_columns(rows, contract))
        if len(rows)
        else np.empty(0)
    )
    maturity = timedelta(days=contract.label.maturity_days)
    old = (times > end - maturity - length) & (times <= end - maturity)
    known = _matured(received[old].reset_index(drop=True), contract, as_of)
    return Window(
        rows,
        probabilities,
        len(recent),
        _with_labels(known, contract, scorer),
        tuple(pd.to_datetime(known[contract.event_time.name], utc=True)),
        end - length,
    )


@task(name="open-reference", cache_policy=NO_CACHE)
def open_reference(bundle: Bundle) -> Compared:
    """Return what the bundle keeps for monitoring.

    Raises
    ------
    BundleError
        If it keeps no profile: a version made before monitoring cannot be watched.
    """
    if PROFILE not in bundle.documents:
        raise BundleError(
            f"the champion of {bundle.contract.name} has no {PROFILE}: it was made "
            "before monitoring; train and promote a new version"
        )
    line, joint = (bundle.documents.get(name) for name in (CALIBRATION, JOINT))
    return Compared(
        read_profile(bundle.documents[PROFILE]),
        None if line is None else read_recalibration(line),
        None if joint is None else read_joint(joint),
    )


@task(name="watch-window", cache_policy=NO_CACHE)
def watch_window(
    window: Window, compared: Compared, bundle: Bundle, policy: AlarmPolicy, seed: int
) -> Watched:
    """Measure everything that a window shows; see `assay.monitoring.watch`."""
    return watch(
        window,
        compared.reference,
        compared.recalibration,
        bundle.contract,
        threshold=bundle.manifest.threshold,
        policy=policy,
        rng=np.random.default_rng(seed),
        joint=compared.joint,
    )


@task(name="revalidate-window", cache_policy=NO_CACHE)
def revalidate_window(
    window: Window, bundle: Bundle, rng: np.random.Generator
) -> Revalidated:
    """Hold the champion against its floors; see `assay.monitoring.revalidation`."""
    return revalidate(
        window.matured,
        bundle.contract,
        threshold=bundle.manifest.threshold,
        since=min(window.matured_at, default=None),
        rng=rng,
    )


@task(
    name="publish-revalidation",
    cache_policy=NO_CACHE,
    retry_condition_fn=may_pass,
    **RETRIES,
)
def publish_revalidation(found: Revalidated, contract: Contract) -> None:
    """Show on the flow run which floors are kept."""
    key = f"{contract.name.replace('_', '-')}-revalidation"
    create_markdown_artifact(revalidation_page(found, contract), key=key)


@task(name="publish-watch", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES)
def publish_watch(
    watched: Watched,
    window: Window,
    compared: Compared,
    record: VersionRecord,
    contract: Contract,
    settings: Settings,
    told: Told | None = None,
) -> str:
    """Keep page, pictures and Evidently's report, show them, return where they are."""
    figures = watch_plots(watched, contract)
    page = watch_page(watched, contract)
    if told is not None:
        page += outcome_page(told, contract)
        figures |= outcome_plots(told)
    logged = log_evidence(
        settings,
        monitor_experiment(contract.name),
        f"version-{record.version}",
        Evidence(
            parameters={"version": record.version, "n_rows": len(window.rows)},
            metrics={f"psi_{_plain(one.name)}": one.psi for one in watched.alarms}
            | (outcome_figures(told) if told else {}),
            files={
                "watch.md": page.encode(),
                "evidently.html": evidently_report(
                    compared.reference, window.rows, contract
                ),
                **{f"plots/{name}.png": png(one) for name, one in figures.items()},
            },
            tags={"assay.bundle_digest": record.bundle_digest},
        ),
    )
    _show(page, list(figures), logged, contract.name.replace("_", "-"), settings)
    return logged.url


def _show(
    page: str, figures: list[str], logged: LoggedRun, key: str, settings: Settings
) -> None:
    def link(path: str) -> str:
        root = f"{settings.mlflow_tracking}/get-artifact"
        return f"{root}?path={path}&run_uuid={logged.run_id}"

    create_markdown_artifact(page, key=f"{key}-watch")
    for name in figures:
        create_image_artifact(
            link(f"plots/{name}.png"), key=f"{key}-watch-{name}", description=name
        )
    create_link_artifact(
        link("evidently.html"),
        link_text="Evidently's report",
        key=f"{key}-evidently",
    )


def _matured(rows: pd.DataFrame, contract: Contract, as_of: datetime) -> pd.DataFrame:
    """Return the rows that keep the contract and whose outcome is known, oldest first."""
    assert contract.event_time is not None  # noqa: S101 # the caller asked
    time, label = contract.event_time.name, contract.label.field
    if rows.empty or label not in rows:
        return rows[:0]
    kept = assess_rows(rows, contract, as_of=as_of).accepted
    return kept[kept[label].notna()].sort_values(time, kind="stable")


def _with_labels(
    kept: pd.DataFrame, contract: Contract, scorer: Scorer
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return probability and label of each row."""
    if kept.empty:
        return np.empty((0, 2))
    chances = scorer.probabilities(feature_columns(kept, contract))
    return np.column_stack((chances, kept[contract.label.field].to_numpy(np.float64)))


def _plain(name: str) -> str:
    return name.replace(" ", "_")
