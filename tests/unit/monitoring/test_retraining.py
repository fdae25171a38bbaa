"""Nothing is learned from labels that have not matured, nor from too few of them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assay.contract import find_contract
from assay.errors import ConfigError
from assay.monitoring.retraining import assess_readiness
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender
from deployments.environment import project_root

SINCE = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def contract():
    return find_contract("credit_default", project_root() / "data" / "contracts")


@pytest.fixture(scope="module")
def frame():
    """Give a year and a half at 100 applications a day; early labels are all bad."""
    world = simulate_lender(
        n_applicants=54_000,
        start=date(2025, 7, 1),
        days=540,
        seed=3,
        drift=Drift("recession", SINCE.date()),
    )
    return world.frame


def seen(frame, as_of):
    """Return what is known at a moment: bad outcomes before they mature, good after."""
    rows = frame[frame["applied_at"] <= as_of].reset_index(drop=True)
    young = rows["applied_at"] > as_of - timedelta(days=90)
    half = np.arange(len(rows)) % 2 == 0
    early = young & (rows["defaulted"] == 1) & half
    return rows.assign(defaulted=rows["defaulted"].where(~young | early))


def test_no_row_with_an_immature_label_is_chosen(frame, contract):
    as_of = datetime(2026, 10, 20, tzinfo=UTC)
    rows = seen(frame, as_of)
    found = assess_readiness(rows, contract, since=SINCE, as_of=as_of, min_matured=1_000)
    assert found.is_ready
    assert found.n_immature > 300
    chosen = rows.iloc[found.rows]
    assert (chosen["applied_at"] <= pd.Timestamp(as_of) - timedelta(days=90)).all()
    assert chosen["applied_at"].is_monotonic_increasing
    after = (chosen["applied_at"] >= SINCE).sum()
    assert after == found.n_matured
    # What calibrates and judges is the newest, and wholly of the new world.
    judged = (found.holdout_share + found.calibration_share) * len(chosen)
    assert judged == pytest.approx(0.8 * after, abs=1)
    assert (chosen["applied_at"].iloc[-int(judged) :] >= SINCE).all()
    assert (
        chosen["applied_at"].iloc[-1]
        == rows.loc[
            rows["applied_at"] <= pd.Timestamp(as_of) - timedelta(days=90), "applied_at"
        ].max()
    )


def test_too_few_matured_labels_say_how_many_and_when_to_look_again(frame, contract):
    as_of = datetime(2026, 10, 2, tzinfo=UTC)
    rows = seen(frame, as_of)
    found = assess_readiness(rows, contract, since=SINCE, as_of=as_of, min_matured=1_000)
    assert not found.is_ready
    assert len(found.rows) == 0
    assert f"{found.n_matured:,} labels" in found.reasons[0]
    assert "1,000 are the fewest" in found.reasons[0]
    # On that day the thousandth has matured; a second before it has not.
    just = seen(frame, found.look_again)
    then = assess_readiness(
        just, contract, since=SINCE, as_of=found.look_again, min_matured=1_000
    )
    assert then.n_matured >= 1_000
    before = found.look_again - timedelta(seconds=1)
    short = assess_readiness(
        seen(frame, before), contract, since=SINCE, as_of=before, min_matured=1_000
    )
    assert short.n_matured < 1_000


def test_bad_outcomes_are_asked_for_too(frame, contract):
    as_of = datetime(2026, 10, 20, tzinfo=UTC)
    rows = seen(frame, as_of)
    matured = rows["applied_at"] <= pd.Timestamp(as_of) - timedelta(days=90)
    calm = rows.assign(defaulted=rows["defaulted"].where(~matured, 0.0))
    found = assess_readiness(calm, contract, since=SINCE, as_of=as_of, min_matured=1_000)
    assert [each for each in found.reasons if "bad outcomes" in each]
    assert found.n_bad == 0


def test_the_contracts_gate_may_ask_for_more(frame, contract):
    as_of = datetime(2026, 10, 2, tzinfo=UTC)
    found = assess_readiness(
        seen(frame, as_of), contract, since=SINCE, as_of=as_of, min_matured=1
    )
    assert f"{contract.gates.min_rows} are the fewest" in found.reasons[0]
    with pytest.raises(ConfigError, match="at least 1"):
        assess_readiness(frame, contract, since=SINCE, as_of=as_of, min_matured=0)


def test_without_any_row_since_it_looks_again_the_next_day(frame, contract):
    as_of = datetime(2026, 7, 2, tzinfo=UTC)
    late = datetime(2026, 7, 3, tzinfo=UTC)
    found = assess_readiness(
        seen(frame, as_of), contract, since=late, as_of=as_of, min_matured=1_000
    )
    assert found.look_again == as_of + timedelta(days=1)
