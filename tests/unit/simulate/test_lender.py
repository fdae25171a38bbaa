"""A simulated lender against its own known truth and the shipped contract."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from assay.contract import read_contract
from assay.errors import ConfigError
from assay.quality.rows import assess_rows
from assay.simulate.dirt import DIRTY_KINDS
from assay.simulate.drift import Drift
from assay.simulate.lender import MAY_BE_MISSING, simulate_lender
from assay.simulate.truth import default_log_odds

CONTRACT = read_contract(Path(__file__).parents[3] / "data/contracts/credit_default.toml")
LATER = datetime(2027, 6, 1, tzinfo=UTC)
START = date(2026, 1, 1)
TURN = date(2026, 5, 1)


def _world(n=20_000, seed=11, **options):
    return simulate_lender(n_applicants=n, start=START, days=240, seed=seed, **options)


@pytest.fixture(scope="module")
def world():
    return _world(n=60_000)


def test_a_clean_simulation_keeps_the_shipped_contract(world):
    found = assess_rows(world.frame, CONTRACT, as_of=LATER)
    assert found.reason_counts == {}
    assert list(world.frame.columns) == [field.name for field in CONTRACT.fields]


@pytest.mark.parametrize("kind", ["population", "price", "policy", "recession"])
def test_a_drifted_simulation_keeps_the_contract_too(kind):
    drifted = _world(drift=Drift(kind, START, size=2.0))
    assert assess_rows(drifted.frame, CONTRACT, as_of=LATER).reason_counts == {}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again = _world(dirty_share=0.05), _world(dirty_share=0.05)
    assert first.frame.to_csv() == again.frame.to_csv()
    assert first.truth.to_csv() == again.truth.to_csv()
    assert first.frame.to_csv() != _world(seed=12, dirty_share=0.05).frame.to_csv()


def test_the_world_is_as_hard_as_documented(world):
    outcome, truth = world.truth["outcome"], world.truth["true_default_probability"]
    # Standard errors at 60,000 rows and 8 %: rate 0.0011, AUC about 0.003.
    assert outcome.mean() == pytest.approx(0.081, abs=0.005)
    assert roc_auc_score(outcome, truth) == pytest.approx(0.806, abs=0.012)


def test_outcomes_follow_the_true_probability(world):
    truth = world.truth.sort_values("true_default_probability")
    for rows in np.array_split(np.arange(len(truth)), 10):
        part = truth.iloc[rows]
        p = part["true_default_probability"]
        error = np.sqrt((p * (1 - p)).sum()) / len(part)
        assert part["outcome"].mean() == pytest.approx(p.mean(), abs=4.5 * error)


def test_the_true_probability_is_a_function_of_what_is_seen(world):
    log_odds = default_log_odds(world.frame)
    expected = 1 / (1 + np.exp(-log_odds))
    np.testing.assert_array_equal(world.truth["true_default_probability"], expected)


def test_one_applicants_log_odds_match_the_hand_computed_value():
    one = pd.DataFrame(
        {
            "income": [45_000.0],
            "loan_amount": [12_000.0],
            "debt_to_income": [0.45],
            "credit_utilisation": [0.85],
            "n_delinquencies": [4.0],
            "n_inquiries": [2.0],
            "employment_years": [0.0],
            "credit_history_months": [0.0],
            "interest_rate": [11.0],
            "housing": ["own"],
            "purpose": ["car"],
            "channel": ["web"],
            "term_months": [36.0],
            "has_account": [0.0],
        }
    )
    # By the documented law, with strain 0.1, (u - 0.35)^2 = 0.25, sqrt(n) = 2 and e = 0:
    # the intercept, then 0.08, 1.25, 0.5, 0.2, 0.25, 0.55, 2 and -0.25 for owning a home.
    assert default_log_odds(one)[0] == pytest.approx(1.04)


def test_gaps_are_where_the_contract_allows_them_and_as_frequent_as_asked(world):
    shares = world.frame.isna().mean()
    allowed = {f.name for f in CONTRACT.features if f.nulls == "allow"}
    assert set(MAY_BE_MISSING) == allowed
    assert set(shares[shares > 0].index) == allowed
    assert shares[list(allowed)].to_numpy() == pytest.approx(0.03, abs=0.004)


def test_labels_come_when_they_are_due_and_rows_when_they_happen():
    as_of = datetime(2026, 7, 1, tzinfo=UTC)
    seen = _world(as_of=as_of)
    applied = seen.frame["applied_at"]
    assert applied.max() <= pd.Timestamp(as_of)
    assert applied.is_monotonic_increasing
    due = applied + pd.Timedelta(days=CONTRACT.label.maturity_days) <= pd.Timestamp(as_of)
    assert (seen.frame["defaulted"].notna() == due).all()
    known = seen.frame["defaulted"].dropna()
    assert (known == seen.truth["outcome"][known.index]).all()
    assert assess_rows(seen.frame, CONTRACT, as_of=as_of).reason_counts == {}


def test_applications_have_a_week_and_a_season(world):
    days = world.frame["applied_at"].dt.dayofweek.value_counts()
    assert days[0] > 2 * days[6]
    month = world.frame["applied_at"].dt.month.value_counts()
    assert month[1] > month[6]


def test_protected_attributes_go_with_inputs_but_have_no_effect_of_their_own(world):
    frame = world.frame
    assert 0.1 < frame["age"].corr(frame["credit_history_months"]) < 0.8
    incomes = frame.groupby("gender")["income"].median()
    assert 1.03 < incomes["male"] / incomes["female"] < 1.25
    others = frame.assign(age=18.0, gender="undisclosed")
    np.testing.assert_array_equal(default_log_odds(others), default_log_odds(frame))


def test_every_kind_of_dirt_is_there_in_its_share_and_gets_its_reason():
    dirty = _world(dirty_share=0.01)
    assert dirty.truth["is_dirty"].sum() == 200
    counts = dirty.truth["dirty_kind"].value_counts().drop("")
    assert counts.to_dict() == dict.fromkeys(DIRTY_KINDS, 20)
    found = assess_rows(dirty.frame, CONTRACT, as_of=LATER)
    assert (
        found.quarantined["row"].tolist()
        == np.flatnonzero(dirty.truth["is_dirty"]).tolist()
    )
    kinds = dirty.truth["dirty_kind"][dirty.truth["is_dirty"]]
    assert found.quarantined["reasons"].tolist() == kinds.map(DIRTY_KINDS).tolist()


def test_dirt_changes_nothing_else():
    clean, dirty = _world(), _world(dirty_share=0.1)
    same = ~dirty.truth["is_dirty"]
    untouched = ["credit_utilisation", "purpose", "defaulted", "gender", "age"]
    pd.testing.assert_frame_equal(clean.frame[untouched], dirty.frame[untouched])
    assert (
        dirty.frame["income"][same].astype(float) == clean.frame["income"][same]
    ).all()


@pytest.mark.parametrize(
    ("kind", "column", "direction"),
    [
        ("population", "age", -1),
        ("price", "interest_rate", 1),
        ("policy", "term_months", 1),
    ],
)
def test_data_drift_moves_its_inputs_from_its_start_on_and_not_the_law(
    kind, column, direction
):
    calm, moved = _world(), _world(drift=Drift(kind, TURN))
    before = calm.frame["applied_at"] < pd.Timestamp(TURN, tz="UTC")
    pd.testing.assert_frame_equal(calm.frame[before], moved.frame[before])
    shift = moved.frame[column][~before].mean() - calm.frame[column][~before].mean()
    assert shift * direction > 0.1 * calm.frame[column].std()
    expected = 1 / (1 + np.exp(-default_log_odds(moved.frame)))
    np.testing.assert_array_equal(moved.truth["true_default_probability"], expected)


def test_a_recession_moves_the_law_and_no_input():
    calm, worse = _world(), _world(drift=Drift("recession", TURN))
    inputs = [field.name for field in CONTRACT.features]
    pd.testing.assert_frame_equal(calm.frame[inputs], worse.frame[inputs])
    before = calm.frame["applied_at"] < pd.Timestamp(TURN, tz="UTC")
    p, q = (w.truth["true_default_probability"] for w in (calm, worse))
    assert (p[before] == q[before]).all()
    assert (q[~before] > p[~before]).all()
    assert q[~before].mean() / p[~before].mean() > 1.5
    none = _world(drift=Drift("recession", TURN, size=0.0))
    pd.testing.assert_frame_equal(none.truth, calm.truth)


def test_wrong_arguments_are_refused_with_their_range():
    with pytest.raises(ConfigError, match="n_applicants is 0"):
        _world(n=0)
    with pytest.raises(ConfigError, match=r"dirty_share is 1\.5"):
        _world(dirty_share=1.5)
    with pytest.raises(
        ConfigError, match="allowed: population, price, policy, recession"
    ):
        Drift("war", TURN)  # type: ignore[arg-type] # on purpose
    with pytest.raises(ConfigError, match="drift size -1"):
        Drift("price", TURN, size=-1)
