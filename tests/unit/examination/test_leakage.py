"""A leak is found where there is one, and not where there is none."""

from dataclasses import dataclass, replace

import numpy as np

from assay.examination.leakage import feature_aucs, shuffled_labels
from assay.examination.refit import Recipe
from assay.promotion.rules.soundness import soundness_findings
from tests.unit.promotion.conftest import WHOLE


@dataclass(frozen=True, slots=True)
class Peeking(Recipe):
    """A recipe whose training rows hold the holdout: its fit has seen the labels."""

    def split(self, frame, contract):
        honest = super(Peeking, self).split(frame, contract)
        return replace(honest, train=np.sort(np.r_[honest.train, honest.holdout]))


def distance(found):
    return abs(found.auc - 0.5) / found.standard_error


def test_an_honest_path_gives_one_half_on_shuffled_labels(subject):
    found = shuffled_labels(subject)
    assert found.n_fits == 3
    assert distance(found) < 3


def test_a_fit_that_has_seen_the_holdout_is_far_from_one_half(subject):
    fields = {name: getattr(subject.recipe, name) for name in Recipe.__slots__}
    peeking = replace(subject, recipe=Peeking(**fields))
    found = shuffled_labels(peeking)
    assert found.auc > 0.6
    assert distance(found) > 10


def test_labels_that_leave_nothing_to_fit_are_no_evidence(subject):
    frame = subject.frame.assign(bad=0.0)
    assert shuffled_labels(replace(subject, frame=frame)) is None


def test_the_honest_rate_of_alarms_is_small(subject):
    alarms = 0
    for seed in range(20):
        manifest = subject.bundle.manifest.model_copy(update={"seed": seed})
        other = replace(subject, bundle=replace(subject.bundle, manifest=manifest))
        alarms += distance(shuffled_labels(other, n_fits=1)) > 3
    assert alarms <= 1


def test_a_feature_that_is_the_label_in_disguise_is_named(subject):
    frame = subject.frame.copy()
    rng = np.random.default_rng(0)
    frame["n_events"] = 2 * frame["bad"] + rng.integers(0, 2, len(frame))
    aucs = feature_aucs(replace(subject, frame=frame))
    assert aucs["n_events"].value > 0.99
    evidence = replace(WHOLE, feature_aucs=aucs)
    sentences = [f.sentence for f in soundness_findings(subject.contract, evidence)]
    assert any("too well: n_events" in sentence for sentence in sentences)


def test_each_honest_feature_has_a_moderate_auc(subject):
    aucs = feature_aucs(subject)
    assert set(aucs) == {field.name for field in subject.contract.features}
    assert all(0.4 < auc.value < 0.85 for auc in aucs.values())
    assert max(aucs, key=lambda name: aucs[name].value) == "amount"
