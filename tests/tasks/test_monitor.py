"""A champion's window end to end, without an orchestrator, in worlds with known drift."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from assay.bundle import read_bundle, write_bundle
from assay.contract import find_contract
from assay.errors import BundleError, DataError
from assay.models import fit_challenger
from assay.monitoring.alarms import AlarmPolicy
from assay.monitoring.joint import TOGETHER
from assay.monitoring.profile import PROFILE
from assay.monitoring.report import evidently_report, watch_page, watch_plots
from assay.monitoring.report.evidently import reference_rows
from assay.monitoring.watch import watch
from assay.quality.rows import assess_rows
from assay.settings import Settings
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender
from deployments.environment import project_root
from tasks.assembly import assemble
from tasks.monitor import open_reference, window_of
from tests.unit.bundle.conftest import tiny_parts

TRAINED = datetime(2026, 6, 1, tzinfo=UTC)
AS_OF = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Return the bundle of a model that was trained on a calm year."""
    contracts = project_root() / "data" / "contracts"
    contract = find_contract("credit_default", contracts)
    world = simulate_lender(
        n_applicants=12_000, start=date(2025, 6, 1), days=365, seed=7, as_of=TRAINED
    )
    rows = assess_rows(world.frame, contract, as_of=TRAINED).accepted
    fitted = fit_challenger(rows, contract, seed=0, n_resamples=100, folds=0)
    made = assemble(
        fitted,
        rows,
        (contracts / "credit_default.toml").read_text(),
        snapshot_digest="0" * 64,
        shares={},
        settings=Settings(),
    )
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    return read_bundle(folder, write_bundle(folder, made.parts))


def received(kind=None, dirty_share=0.01, start=date(2026, 7, 1)):
    return simulate_lender(
        n_applicants=30_000,
        start=date(2025, 12, 1),
        days=365,
        seed=8,
        as_of=AS_OF,
        drift=Drift(kind, start) if kind else None,
        dirty_share=dirty_share,
    ).frame


def watched(bundle, frame):
    compared = open_reference.fn(bundle)
    window = window_of(frame, bundle, AS_OF, 30)
    found = watch(
        window,
        compared.reference,
        compared.recalibration,
        bundle.contract,
        threshold=bundle.manifest.threshold,
        policy=AlarmPolicy(0.05, 12),
        rng=np.random.default_rng(0),
        joint=compared.joint,
    )
    return window, found


def told(found):
    return {(one.measure, one.subject) for one in found.notices}


def test_a_calm_month_tells_nothing_and_estimates_its_default_rate(bundle):
    frame = received()
    window, found = watched(bundle, frame)
    assert told(found) == set()
    assert found.drifts[-1].name == found.alarms[-1].name == TOGETHER
    assert found.told_apart.auc == pytest.approx(0.5, abs=0.06)
    assert found.estimate.can_tell
    assert len(window.matured) > 1_000
    assert 0 < window.n_received - len(window.rows) < 0.02 * window.n_received
    assert found.outside.value == pytest.approx(
        1 - len(window.rows) / window.n_received, abs=1e-12
    )


@pytest.mark.parametrize(
    ("kind", "moved"),
    [
        ("population", {("data_drift", "channel"), ("data_drift", "income")}),
        ("price", {("data_drift", "interest_rate"), ("prediction_drift", "score")}),
        ("policy", {("data_drift", "term_months"), ("data_drift", "channel")}),
    ],
)
def test_a_world_that_moved_its_inputs_is_named_by_column(bundle, kind, moved):
    _, found = watched(bundle, received(kind))
    assert moved <= told(found)
    assert found.told_apart.p_value < 1e-6
    assert ("concept_drift", "label") not in told(found)
    assert found.estimate.can_tell


def test_a_recession_is_concept_drift_and_no_estimate_is_given(bundle):
    _, found = watched(bundle, received("recession"))
    assert told(found) == {("concept_drift", "label")}
    assert not found.estimate.can_tell
    assert "concept drift" in found.estimate.reasons[0]
    evidence = found.notices[0].evidence
    assert evidence["realised_rate"] > 1.5 * evidence["expected_rate"]


def test_a_broken_feed_is_told(bundle):
    _, found = watched(bundle, received(dirty_share=0.2))
    assert ("out_of_contract", "rows") in told(found)


def test_a_window_without_rows_is_refused(bundle):
    frame = received()
    with pytest.raises(DataError, match="none of 0 rows"):
        watched(bundle, frame[frame["applied_at"] < "2026-01-01"])


def test_page_and_pictures_show_what_moved(bundle):
    _, found = watched(bundle, received("price"))
    page = watch_page(found, bundle.contract)
    assert "**critical** data drift: interest_rate moved" in page
    assert "Trees tell these rows from those of the reference" in page
    assert page.index("| interest_rate | **yes**") < page.index("| housing |")
    assert "| default rate |" in page
    figures = watch_plots(found, bundle.contract)
    assert set(figures) == {"stability", "score"}
    names = [tick.get_text() for tick in figures["stability"].axes[0].get_yticklabels()]
    assert names[-1] == "interest_rate"
    calm = watch_page(watched(bundle, received())[1], bundle.contract)
    assert "nothing moved that matters" in calm
    lost = watch_page(watched(bundle, received("recession"))[1], bundle.contract)
    assert "Cannot tell" in lost


def test_rows_made_from_the_profile_have_its_margins(bundle):
    reference = open_reference.fn(bundle).reference
    rows = reference_rows(reference, bundle.contract)
    assert len(rows) == min(reference.n_rows, 5_000)
    income = reference.columns["income"]
    at = income.values[np.searchsorted(income.ranks, income.n_known / 2)]
    assert rows["income"].median() == pytest.approx(at, rel=0.01)
    missing = reference.columns["employment_years"].missing_share
    assert rows["employment_years"].isna().mean() == pytest.approx(missing, abs=1e-3)
    counts = reference.columns["housing"].counts
    shares = rows["housing"].value_counts(normalize=True)
    assert shares["rent"] == pytest.approx(counts[3] / counts.sum(), abs=1e-3)


def test_evidently_makes_a_page_of_every_feature(bundle):
    window, _ = watched(bundle, received("price"))
    reference = open_reference.fn(bundle).reference
    page = evidently_report(reference, window.rows, bundle.contract).decode()
    assert page.startswith("<html") or "<html" in page[:500]
    for field in bundle.contract.features:
        assert field.name in page


def test_a_bundle_from_before_monitoring_says_so(tmp_path):
    digest = write_bundle(tmp_path / "old", tiny_parts())
    with pytest.raises(BundleError, match=PROFILE):
        open_reference.fn(read_bundle(tmp_path / "old", digest))
