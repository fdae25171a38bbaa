"""Digests say what figures came from; the contract says what must be tried."""

import hashlib

from assay.promotion.evidence import (
    Origin,
    PromotionEvidence,
    demanded_stress,
    sliced_fields,
)


def test_the_digest_of_an_origin_is_that_of_its_canonical_text():
    text = b'{"a":"1","b":"2"}'
    assert Origin({"b": "2", "a": "1"}).digest == hashlib.sha256(text).hexdigest()
    assert Origin({"a": "2", "b": "1"}).digest != Origin({"a": "1", "b": "2"}).digest


def test_a_section_is_named_by_twelve_digits_and_an_absent_or_empty_one_by_none():
    origin = Origin({"challenger": "ab"})
    evidence = PromotionEvidence(
        metrics={}, origins={"metrics": origin, "stress": Origin({})}
    )
    assert evidence.origin("metrics") == origin.digest[:12]
    assert evidence.origin("stress") == ""
    assert evidence.origin("parity") == ""


def test_slices_are_the_declared_and_the_protected_fields_but_no_text(contract):
    assert [field.name for field in sliced_fields(contract)] == ["region", "gender"]


def test_every_feature_is_strained_in_every_way_that_its_rules_allow(contract):
    assert demanded_stress(contract) == (
        ("missing_loss", "income"),
        ("out_of_range", "income"),
        ("noise", "income"),
        ("missing_loss", "debt"),
        ("out_of_range", "debt"),
        ("noise", "debt"),
        ("missing_refused", "n_loans"),
        ("out_of_range", "n_loans"),
        ("noise", "n_loans"),
        ("missing_refused", "age_of_account"),
        ("noise", "age_of_account"),
        ("missing_refused", "region"),
        ("recession", ""),
    )


def test_what_nobody_measured_is_absent():
    bare = PromotionEvidence(metrics={})
    assert not bare.has_champion
    assert bare.note == ""
    assert bare.improvements == bare.feature_aucs == bare.origins == {}
