"""Features that move together are seen, kept in a file, and told apart by trees."""

import numpy as np
import pandas as pd
import pytest

from assay.contract import read_contract
from assay.errors import BundleError, DataError
from assay.monitoring.alarms import decide_alarms
from assay.monitoring.distances import frame_drift
from assay.monitoring.joint import (
    SAMPLE_ROWS,
    TOGETHER,
    joint_bytes,
    joint_drift,
    joint_reference,
    read_joint,
    told_apart,
)
from assay.monitoring.profile import profile_frame

TEXT = """
name = "pair"
revision = 1
purpose = "two columns"
owner = "tests"
label = { field = "bad" }
decision.name = "lend"
decision.positive_action = "decline"
decision.negative_action = "approve"
decision.costs = { unit = "USD", false_positive = 1, false_negative = 5 }
gates.floors = { auc = 0.5 }
gates.margins = { auc = 0.0 }
[[field]]
name = "first"
dtype = "number"
[[field]]
name = "second"
dtype = "number"
nulls = "allow"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""
CONTRACT = read_contract(TEXT)


def rows(n_rows, correlation, seed):
    """Return columns whose margins never change, only what they have in common."""
    rng = np.random.default_rng(seed)
    first, noise = rng.normal(size=(2, n_rows))
    second = correlation * first + np.sqrt(1 - correlation**2) * noise
    second[rng.random(n_rows) < 0.05] = np.nan
    return pd.DataFrame({"first": first, "second": second, "bad": 0})


@pytest.fixture(scope="module")
def joint():
    return joint_reference(rows(6_000, 0.9, 1), CONTRACT, np.random.default_rng(0))


def alarmed(joint, window):
    reference = profile_frame(rows(6_000, 0.9, 1), CONTRACT)
    drifts = frame_drift(reference, window, CONTRACT)
    drifts = (*drifts, joint_drift(joint, window, CONTRACT))
    found = decide_alarms(drifts, CONTRACT.limits)
    return {one.name for one in found if one.is_raised}


def test_a_broken_correlation_raises_the_alarm_that_no_column_raises(joint):
    assert alarmed(joint, rows(2_000, 0.0, 2)) == {TOGETHER}
    assert alarmed(joint, rows(2_000, 0.9, 3)) == set()


def test_trees_tell_a_broken_correlation_and_not_the_same_world(joint):
    rng = np.random.default_rng(4)
    moved = told_apart(joint, rows(12_000, 0.0, 2), CONTRACT, rng)
    still = told_apart(joint, rows(12_000, 0.9, 3), CONTRACT, rng)
    assert moved.auc > 0.7
    assert moved.p_value < 1e-6
    assert still.auc == pytest.approx(0.5, abs=0.05)
    assert still.p_value > 1e-3
    assert told_apart(joint, rows(60, 0.0, 2), CONTRACT, rng) is None


def test_what_is_kept_gives_the_same_answers_and_the_same_bytes(joint):
    content = joint_bytes(joint)
    again = read_joint(content)
    assert joint_bytes(again) == content
    assert len(again.sample) == SAMPLE_ROWS
    window = rows(500, 0.5, 5)
    before, now = (joint_drift(one, window, CONTRACT) for one in (joint, again))
    assert before.psi == now.psi
    assert before.ks == now.ks
    apart = [
        told_apart(one, window, CONTRACT, np.random.default_rng(6))
        for one in (joint, again)
    ]
    assert apart[0] == apart[1]


def test_a_torn_file_or_one_of_other_parts_is_refused(joint):
    content = joint_bytes(joint)
    for torn in (b"", content[: len(content) // 2], content[:-4] + b"0000"):
        with pytest.raises(BundleError, match=r"joint\.npz does not read"):
            read_joint(torn)


def test_few_rows_and_free_texts_have_no_joint_reference():
    with pytest.raises(DataError, match="too few for principal axes"):
        joint_reference(rows(90, 0.9, 1), CONTRACT, np.random.default_rng(0))
