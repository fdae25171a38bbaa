"""Live decisions as a window: rows by their own time, labels by identifier."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assay.adapters.ledger.decision_log import DecisionLog
from assay.bundle import Scorer, read_bundle, write_bundle
from assay.contract import find_contract
from assay.models import fit_challenger
from assay.models.parity import feature_columns
from assay.monitoring.report import outcome_figures, outcome_page, outcome_plots
from assay.quality.rows import assess_rows
from assay.settings import Settings
from assay.simulate.lender import simulate_lender
from deployments.environment import project_root
from tasks.assembly import assemble
from tasks.records import records_of

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
CONTRACTS = project_root() / "data" / "contracts"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    contract = find_contract("credit_default", CONTRACTS)
    world = simulate_lender(n_applicants=4_000, start=date(2025, 6, 1), days=200, seed=7)
    rows = assess_rows(world.frame, contract, as_of=AS_OF).accepted
    fitted = fit_challenger(
        rows, contract, algorithm="logistic", seed=0, n_resamples=100, folds=0
    )
    text = (CONTRACTS / "credit_default.toml").read_text()
    made = assemble(
        fitted, rows, text, snapshot_digest="0" * 64, shares={}, settings=Settings()
    )
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    return read_bundle(folder, write_bundle(folder, made.parts))


def a_log(bundle, n_late_labels=0):
    """Return what a lender's traffic of half a year leaves behind."""
    world = simulate_lender(n_applicants=9_000, start=date(2026, 6, 4), days=180, seed=3)
    frame = world.frame
    chances = Scorer.of(bundle).probabilities(feature_columns(frame, bundle.contract))
    rule = bundle.contract.decision
    decisions = pd.DataFrame(
        {
            "identifier": frame["application_id"],
            "decided_at": frame["applied_at"],
            "recorded_at": pd.date_range("2027-01-01", periods=9_000, freq="s", tz="UTC"),
            "version": "1",
            "probability": chances,
            "decision": np.where(
                chances >= 0.15, rule.positive_action, rule.negative_action
            ),
            "latency_ms": 2.0,
        }
    )
    names = [
        f.name
        for f in bundle.contract.fields
        if f.role in ("feature", "identifier", "event_time")
    ]
    known = frame["applied_at"] <= AS_OF - timedelta(days=90)
    arrivals = pd.DataFrame(
        {
            "identifier": frame.loc[known, "application_id"],
            "label": world.truth.loc[known, "outcome"],
            "observed_at": frame.loc[known, "applied_at"]
            + timedelta(days=90 + n_late_labels),
        }
    )
    refusals = pd.DataFrame(
        {
            "recorded_at": decisions["recorded_at"].iloc[[-2, -3, 5]].to_list(),
            "status": 422,
        }
    )
    inputs = frame[names].astype(object)
    return DecisionLog(decisions, inputs, arrivals, refusals, 0), world


def test_the_window_holds_the_days_own_rows_and_labels_of_as_many_days(bundle):
    log, world = a_log(bundle)
    found = records_of(log, bundle, AS_OF, 30)
    at = log.decisions["decided_at"]
    recent = (at > AS_OF - timedelta(days=30)) & (at <= AS_OF)
    old = (at > AS_OF - timedelta(days=120)) & (at <= AS_OF - timedelta(days=90))
    window = found.window
    assert len(window.rows) == recent.sum()
    assert np.allclose(window.probabilities, log.decisions.loc[recent, "probability"])
    # Refused while the window's decisions were made: two of the three.
    assert window.n_received == recent.sum() + 2
    assert np.allclose(window.matured[:, 0], log.decisions.loc[old, "probability"])
    assert np.array_equal(window.matured[:, 1], world.truth.loc[old, "outcome"])
    assert list(window.matured_at) == at[old].to_list()
    assert window.start == AS_OF - timedelta(days=30)


def test_the_business_is_told_with_labels_joined_by_identifier(bundle):
    log, world = a_log(bundle)
    extra = pd.concat(
        [
            log.arrivals,
            log.arrivals.iloc[:7],
            log.arrivals.iloc[:1].assign(identifier="x"),
        ]
    )
    told = records_of(
        DecisionLog(log.decisions, log.inputs, extra, log.refusals, 4),
        *(bundle, AS_OF, 30),
    ).told
    assert told.joined.n_joined == len(log.arrivals)
    assert (told.joined.n_repeated, told.joined.n_unknown) == (7, 1)
    figures = outcome_figures(told)
    at = log.decisions["decided_at"]
    old = (at > AS_OF - timedelta(days=120)) & (at <= AS_OF - timedelta(days=90))
    approved = old & (log.decisions["decision"] == "approve")
    expected = world.truth.loc[approved, "outcome"].mean()
    assert figures["matured_default_rate"] == pytest.approx(expected)
    recent = (at > AS_OF - timedelta(days=30)) & (at <= AS_OF)
    assert figures["refused_rate"] == pytest.approx(2 / (recent.sum() + 2))
    assert figures["matured_loss"] == pytest.approx(
        2600 * (world.truth.loc[approved, "outcome"].sum()) / old.sum()
    )
    page = outcome_page(told, bundle.contract)
    assert "| 2026-07 |" in page
    assert "Sealed and not read: 4" in page
    assert set(outcome_plots(told)) == {"vintages"}


def test_labels_that_have_not_arrived_are_not_seen(bundle):
    log, _ = a_log(bundle, n_late_labels=60)
    found = records_of(log, bundle, AS_OF, 30)
    assert len(found.window.matured) == 0
    assert found.told.matured is None


def test_without_a_decision_in_the_window_there_is_none(bundle):
    log, _ = a_log(bundle)
    assert records_of(log, bundle, AS_OF + timedelta(days=400), 30) is None
