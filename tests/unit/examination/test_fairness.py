"""A model that is unfair through a proxy is found, with the way out and its cost."""

from dataclasses import replace

import numpy as np
import pytest

from assay.examination import Subject, examine
from assay.examination.fairness import alternatives, group_disparities, strongest
from assay.examination.proxies import proxies
from assay.promotion import decide_promotion
from tests.unit.examination.conftest import TEXT, made
from tests.unit.models.conftest import draw

PROFILE = """
[gates.fairness]
profile = "four_fifths"
alternative_gain = 0.05
alternative_cost = 0.05
proxy_auc = 0.9
"""


@pytest.fixture(scope="module")
def unfair(folder):
    """Return an examined model that reads a group's shadow in the field `n_events`."""
    frame = draw(4_000, 1)
    rng = np.random.default_rng(1)
    in_b = (frame["group"] == "b").to_numpy()
    frame["n_events"] = np.where(in_b, 10.0, 0.0) + rng.integers(0, 3, len(frame))
    odds = frame["amount"].fillna(0) / 25 - 1.2 + 1.2 * in_b
    frame["bad"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype(float)
    text = TEXT.replace("[[field]]", f"{PROFILE}[[field]]", 1)
    bundle = made(folder / "unfair", frame, text)
    return examine(
        bundle, None, frame, bundle.contract, clock=iter(range(10**9)).__next__
    )


def test_it_is_refused_for_approval_ratio_and_proxy_in_words(unfair):
    gates = unfair.subject.gates
    failures = decide_promotion(gates, unfair.evidence).failures
    assert any(f.startswith("approval ratio of group = b against a: ") for f in failures)
    assert any(
        f.startswith("AUC with which the inputs predict group = a: 1.0000")
        for f in failures
    )


def test_the_feature_that_tells_the_group_is_left_out_first_and_the_gap_closes(unfair):
    others = [each for each in unfair.evidence.alternatives if each.field == "group"]
    [without] = [each for each in others if each.change == "without n_events"]
    assert without.ratio_gain.low > 0.2
    assert without.extra_cost.high < 0.05
    assert without.smallest_ratio.low > 0.8
    failures = decide_promotion(unfair.subject.gates, unfair.evidence).failures
    [told] = [f for f in failures if f.startswith("less discriminatory alternatives")]
    assert "without n_events (ratio +" in told


def test_a_protected_field_that_nothing_follows_shows_no_disparity(subject):
    found = {(d.field, d.group): d for d in group_disparities(subject)}
    ratio = found["group", "a"].approval_ratio
    other = found["group", "b"].approval_ratio
    assert min(ratio.value, other.value) > 0.85
    assert sum(d.n_rows for d in found.values() if d.field == "age") == len(
        subject.labels
    )


def test_noise_is_not_predicted_and_a_group_is_named_once_of_two(subject):
    found, alone = proxies(subject)
    [group] = [each for each in found if each.field == "group"]
    assert group.inputs_auc.low < 0.5 < group.inputs_auc.high + 0.05
    assert group.score_auc.value >= 0.5
    assert set(alone["group"]) == {field.name for field in subject.contract.features}
    assert len([each for each in found if each.field == "age"]) == 4


def test_a_field_whose_groups_are_too_small_is_told_as_not_tried(subject):
    gates = subject.gates.gates
    fairness = gates.fairness.model_copy(update={"min_rows": 10_000})
    strict = subject.gates.model_copy(
        update={"gates": gates.model_copy(update={"fairness": fairness})}
    )
    small = replace(subject, gates=strict)
    found, alone = proxies(small)
    assert [(p.group, p.inputs_auc) for p in found] == [("any", None)] * 2
    assert alone == {}
    assert alternatives(small, {}) == ()


def test_a_field_that_the_snapshot_lacks_has_no_evidence(bundle, frame):
    without = Subject.of(bundle, frame.drop(columns="group"), bundle.contract)
    assert {d.field for d in group_disparities(without)} == {"age"}
    assert {p.field for p in proxies(without)[0] if p.inputs_auc} == {"age"}


def test_features_are_ordered_by_what_they_tell():
    assert strongest({"f": {"a": 0.6, "b": 0.7, "c": 0.6}}) == {"f": ["b", "a", "c"]}
