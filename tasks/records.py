"""Tasks that read a model's records: the window of live decisions, with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from assay.adapters.ledger.decision_log import DecisionLog, read_decisions
from assay.bundle import Bundle, Scorer
from assay.contract import Contract
from assay.errors import DataError
from assay.models.parity import feature_columns
from assay.monitoring.labels import (
    BusinessMetrics,
    JoinedLabels,
    Realised,
    business_metrics,
    join_labels,
    realised_against_expected,
    vintage_curves,
)
from assay.monitoring.report import Told
from assay.monitoring.watch import Window
from assay.quality.rows import assess_rows
from assay.settings import Settings
from tasks.faults import RETRIES, may_pass

LEDGER = "ledger"
"""Source that names the model's own records."""
AGES = (30.0, 60.0, 90.0, 120.0, 180.0)


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """A window of live decisions, and what they and their labels tell."""

    window: Window
    told: Told


@task(
    name="receive-records", cache_policy=NO_CACHE, retry_condition_fn=may_pass, **RETRIES
)
def receive_records(
    bundle: Bundle, settings: Settings, as_of: datetime, days: float
) -> Records | None:
    """Read the ledger's decisions of the last days; None where it holds none of them."""
    log = read_decisions(settings.ledger_folder, bundle.contract)
    found = records_of(log, bundle, as_of, days)
    get_run_logger().info(
        "records: model=%s decisions=%d labels=%d window=%d",
        bundle.contract.name,
        len(log.decisions),
        len(log.arrivals),
        0 if found is None else len(found.window.rows),
    )
    return found


def records_of(
    log: DecisionLog, bundle: Bundle, as_of: datetime, days: float
) -> Records | None:
    """Return a window of records, scored by the champion, with all that they tell."""
    contract, scorer = bundle.contract, Scorer.of(bundle)
    end, length = pd.Timestamp(as_of), timedelta(days=days)
    maturity = timedelta(days=contract.label.maturity_days)
    at = log.decisions["decided_at"]
    recent = (at > end - length) & (at <= end)
    if not recent.any():
        return None
    arrivals = log.arrivals[log.arrivals["observed_at"] <= end]
    joined = join_labels(
        log.decisions[at <= end].reset_index(drop=True),
        arrivals,
        maturity_days=contract.label.maturity_days,
    )
    rows = assess_rows(log.inputs[recent], contract, as_of=as_of, labelled=False)
    old = (at > end - maturity - length) & (at <= end - maturity)
    labels = joined.frame["label"].reindex(at.index)
    known = old & labels.notna()
    kept, positions = _kept(log.inputs[known], contract, as_of)
    refused = _refused_meanwhile(log, recent)
    window = Window(
        rows.accepted,
        scorer.probabilities(feature_columns(rows.accepted, contract)),
        int(recent.sum()) + len(refused),
        np.column_stack(
            (
                scorer.probabilities(feature_columns(kept, contract)),
                labels[known].to_numpy(np.float64)[positions],
            )
        )
        if len(kept)
        else np.empty((0, 2)),
        tuple(at[known].iloc[positions]),
        (end - length).to_pydatetime(),
    )
    return Records(window, _told(log, joined, contract, as_of, recent, known, refused))


def _kept(
    inputs: pd.DataFrame, contract: Contract, as_of: datetime
) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the rows that keep the contract, and where they stood."""
    judged = assess_rows(inputs, contract, as_of=as_of, labelled=False)
    broken = judged.quarantined["row"].to_numpy(np.int64)
    return judged.accepted, np.setdiff1d(np.arange(len(inputs)), broken)


def _refused_meanwhile(log: DecisionLog, recent: pd.Series) -> pd.DataFrame:
    """Return the refusals recorded while the window's decisions were."""
    recorded = log.decisions.loc[recent, "recorded_at"]
    at = log.refusals["recorded_at"]
    found: pd.DataFrame = log.refusals[(at >= recorded.min()) & (at <= recorded.max())]
    return found


def _told(
    log: DecisionLog,
    joined: JoinedLabels,
    contract: Contract,
    as_of: datetime,
    recent: pd.Series,
    known: pd.Series,
    refused: pd.DataFrame,
) -> Told:
    rule = contract.decision
    frame = joined.frame
    asked = pd.concat(
        [
            log.decisions.loc[recent, ["probability", "decision", "latency_ms"]].assign(
                status=200
            ),
            refused[["status"]].assign(probability=np.nan, decision=None),
        ],
        ignore_index=True,
    )
    matured: BusinessMetrics | None = None
    if known.any():
        of_old = frame[known.reindex(frame.index, fill_value=False)]
        matured = business_metrics(of_old, rule)
    ages = tuple(a for a in AGES if a <= max(contract.label.maturity_days, AGES[0]))
    return Told(
        business_metrics(asked, rule),
        matured,
        joined,
        vintage_curves(frame, as_of=as_of, ages_days=ages),
        _realised(frame, contract, as_of),
        log.n_sealed,
    )


def _realised(
    frame: pd.DataFrame, contract: Contract, as_of: datetime
) -> tuple[Realised, ...]:
    try:
        return realised_against_expected(
            frame, as_of=as_of, maturity_days=contract.label.maturity_days
        )
    except DataError:
        return ()  # too few have matured; the page says so
