"""Every arrival is counted once, and order and repetition change nothing."""

import pandas as pd
import pytest

from assay.errors import DataError
from assay.monitoring.labels import join_labels

START = pd.Timestamp("2026-01-01", tz="UTC")


def days(*numbers):
    return [START + pd.Timedelta(days=number) for number in numbers]


@pytest.fixture
def decisions():
    return pd.DataFrame(
        {
            "identifier": ["a", "b", "c", "d"],
            "decided_at": days(0, 0, 0, 0),
            "probability": [0.1, 0.2, 0.3, 0.4],
        }
    )


@pytest.fixture
def arrivals():
    return pd.DataFrame(
        {
            "identifier": ["a", "b", "b", "c", "c", "zz", "a"],
            "label": [0, 0, 1, 1, 1, 1, 0],
            "observed_at": days(90, 80, 85, 200, 200, 90, 95),
        }
    )


def joined(decisions, arrivals):
    return join_labels(decisions, arrivals, maturity_days=90)


def test_every_arrival_is_accounted_for(decisions, arrivals):
    found = joined(decisions, arrivals)
    assert found.frame["label"].tolist()[:3] == [0, 1, 1]
    assert found.frame["label"].isna().tolist() == [False, False, False, True]
    assert found.n_joined == 3
    assert found.n_repeated == 2
    assert found.n_superseded == 1
    assert found.n_unknown == 1
    assert found.n_corrected == 1
    assert found.n_late == 1
    assert found.n_arrivals == 7
    assert found.n_arrivals == (
        found.n_joined + found.n_repeated + found.n_superseded + found.n_unknown
    )
    assert found.unknown["identifier"].tolist() == ["zz"]
    assert found.frame["age_days"].tolist()[:3] == [95, 85, 200]


def test_the_same_file_twice_changes_no_label(decisions, arrivals):
    once, twice = (
        joined(decisions, arrivals),
        joined(decisions, pd.concat((arrivals, arrivals))),
    )
    pd.testing.assert_frame_equal(once.frame, twice.frame)
    assert twice.n_joined == once.n_joined
    assert twice.n_corrected == once.n_corrected


def test_the_order_of_arrivals_does_not_matter(decisions, arrivals):
    expected = joined(decisions, arrivals).frame
    for seed in range(20):
        shuffled = arrivals.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(joined(decisions, shuffled).frame, expected)


def test_of_two_at_one_instant_the_bad_one_counts(decisions):
    for labels in ([0, 1], [1, 0]):
        arrivals = pd.DataFrame(
            {"identifier": ["a", "a"], "label": labels, "observed_at": days(5, 5)}
        )
        assert joined(decisions, arrivals).frame["label"].tolist()[0] == 1


def test_an_unknown_label_joins_once_its_decision_is_there(decisions, arrivals):
    unknown = joined(decisions, arrivals).unknown
    late = decisions.assign(identifier=["zz", "b", "c", "d"])
    assert joined(late, unknown).n_joined == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda d, a: (d.drop(columns="probability"), a),
            "decisions lack .* probability",
        ),
        (lambda d, a: (d.assign(identifier="a"), a), "3 of 4 decisions"),
        (lambda d, a: (d, a.assign(label=2)), "7 of 7 labels"),
    ],
)
def test_what_cannot_be_joined_is_refused(decisions, arrivals, change, told):
    with pytest.raises(DataError, match=told):
        joined(*change(decisions, arrivals))
