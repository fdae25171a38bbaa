"""A real model is examined: the gate finds all that it asks for, and changes nothing."""

import pytest

from assay.errors import DataError
from assay.examination import Subject, examine
from assay.promotion import decide_promotion
from tests.unit.promotion.conftest import SECTIONS


def test_a_good_model_keeps_its_gate_on_real_evidence(examination, bundle):
    decision = decide_promotion(bundle.contract, examination.evidence)
    assert decision.failures == ()
    assert not any("no evidence" in rule for rule in decision.passes)


def test_every_section_says_what_it_came_from(examination, bundle, champion):
    origins = examination.evidence.origins
    assert set(origins) == set(SECTIONS)
    assert all(o.inputs["challenger"] == bundle.digest for o in origins.values())
    assert origins["improvements"].inputs["champion"] == champion.digest
    assert origins["metrics"].inputs["snapshot"] == bundle.manifest.snapshot_digest


def test_the_metrics_are_those_of_the_manifest(examination, bundle):
    found, stated = examination.evidence.metrics, bundle.manifest.metrics
    assert {name: found[name].value for name in stated} == pytest.approx(
        {name: metric.value for name, metric in stated.items()}, abs=1e-12
    )


def test_the_frame_is_not_changed_and_the_same_in_gives_the_same_out(
    examination, bundle, champion, frame, ticking
):
    before = frame.copy(deep=True)
    again = examine(bundle, champion, frame, bundle.contract, clock=ticking)
    assert frame.equals(before)
    assert again.evidence == examination.evidence


def test_without_a_champion_nothing_is_compared(bundle, frame, ticking):
    told = []
    found = examine(
        bundle,
        None,
        frame,
        bundle.contract,
        clock=ticking,
        progress=lambda stage, _: told.append(stage),
    ).evidence
    assert not found.has_champion
    assert found.improvements == {}
    assert "improvements" not in found.origins
    assert decide_promotion(bundle.contract, found).promote
    assert told[-1] == "evidence"


def test_a_contract_about_another_label_is_refused(bundle, frame):
    label = bundle.contract.label.model_copy(update={"field": "good"})
    gates = bundle.contract.model_copy(update={"label": label})
    with pytest.raises(DataError, match="learned 'bad' and the contract is now about"):
        Subject.of(bundle, frame, gates)


def test_a_field_that_the_version_does_not_know_is_missing_evidence(
    bundle, frame, ticking
):
    field = bundle.contract.features[0].model_copy(update={"name": "new field"})
    gates = bundle.contract.model_copy(
        update={"fields": (*bundle.contract.fields, field)}
    )
    found = examine(bundle, None, frame, gates, clock=ticking).evidence
    failures = decide_promotion(gates, found).failures
    assert any("must be tried on new field" in failure for failure in failures)
    assert any("not known for new field" in failure for failure in failures)
