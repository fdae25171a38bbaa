"""The challenger against the champion on the same rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from assay.examination.comparison import against_champion


def test_the_gain_is_the_difference_of_the_aucs(subject, champion):
    found = against_champion(subject, champion)
    ours = roc_auc_score(subject.labels, subject.probabilities)
    theirs = roc_auc_score(subject.labels, found.probabilities)
    assert found.improvements["auc"].value == pytest.approx(ours - theirs, abs=1e-12)
    assert found.auc_gain_delong.value == pytest.approx(ours - theirs, abs=1e-12)
    assert found.score_shift.value > 0
    assert found.note == ""


def test_a_version_gains_nothing_over_itself(subject):
    found = against_champion(subject, subject.bundle)
    assert all(gain.value == 0 for gain in found.improvements.values())
    # Its scores are held against themselves at these outcomes.
    assert found.score_shift.value < 0.01
    assert np.array_equal(found.probabilities, subject.probabilities)


def test_a_champion_that_reads_what_the_snapshot_lacks_cannot_be_compared(
    subject, champion
):
    frame = subject.frame.drop(columns="n_events")
    found = against_champion(replace(subject, frame=frame), champion)
    assert found.improvements == {}
    assert found.auc_gain_delong is found.score_shift is None
    assert "reads 1 fields that this snapshot lacks (n_events)" in found.note
