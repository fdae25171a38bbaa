"""Honest signatures let a version through; nothing else does."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from assay.contract.mark import PolicyMark
from assay.signoff.request import read_request, request_content
from assay.signoff.verdict import judge
from tests.unit.signoff.people import (
    BUNDLE,
    NOW,
    TRAINER,
    Person,
    keys_of_all,
    request_for,
    sign_all,
)

N_ATTACKS = 1_000
DEV, VAL, AUD = (
    Person("dora", "developer"),
    Person("vera", "validator"),
    Person("axel", "auditor"),
)
PEOPLE = (DEV, VAL, AUD)
KEYS = keys_of_all(PEOPLE)


def verdict(request, signatures, keys=KEYS, bundle=BUNDLE, now=NOW, policies=()):
    return judge(
        request, signatures, keys, bundle_digest=bundle, now=now, policies=policies
    )


def test_all_three_roles_in_order_approve():
    request = request_for()
    found = verdict(request, sign_all(request, PEOPLE))
    assert found.status == "approved"
    assert found.reasons[1] == "vera approved as validator: seen"


GATES = PolicyMark("gates", "fairness profile report", 1, "a" * 64)
SIGNERS = PolicyMark("sign-off", "tier high", 1, "b" * 64)


def test_policies_that_are_as_they_were_approve_and_are_under_every_signature():
    request = request_for(policies=(GATES, SIGNERS))
    signed = sign_all(request, PEOPLE)
    now = (SIGNERS, replace(GATES, revision=2))
    assert verdict(request, signed, policies=now).status == "approved"
    assert read_request(request_content(request)) == request
    other = replace(request, policies=(replace(GATES, digest="c" * 64), SIGNERS))
    found = verdict(other, signed, policies=other.policies)
    assert "did not sign this" in found.reasons[0]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            (replace(GATES, revision=2, digest="c" * 64), SIGNERS),
            "report, revision 2, cc",
        ),
        ((GATES, replace(SIGNERS, digest="c" * 64)), "policy sign-off (tier high, rev"),
        ((SIGNERS,), "is now gates (none)"),
        ((), "is now gates (none)"),
    ],
)
def test_a_policy_that_changed_after_the_evidence_was_made_refuses(now, told):
    request = request_for(policies=(GATES, SIGNERS))
    found = verdict(request, sign_all(request, PEOPLE), policies=now)
    assert found.status == "refused"
    assert told in found.reasons[0]
    assert "promote the challenger again" in found.reasons[0]


def test_a_request_that_names_no_policy_does_not_stand_against_those_there_are():
    request = request_for()
    found = verdict(request, sign_all(request, PEOPLE), policies=(GATES,))
    assert found.status == "refused"
    assert "policy gates (none) is now gates (fairness" in found.reasons[0]


def test_a_request_from_before_there_were_marks_keeps_its_digest():
    assert "policies" not in request_content(request_for())


@pytest.mark.parametrize("n_signed", [0, 1, 2])
def test_a_request_waits_for_the_next_role(n_signed):
    request = request_for()
    found = verdict(request, sign_all(request, PEOPLE[:n_signed]))
    assert (found.status, found.next_role) == ("waiting", request.roles[n_signed])


def test_one_refusal_refuses():
    request = request_for()
    signed = sign_all(request, (DEV,))
    signed.append(VAL.signs(request, signed, "refuse", "thin slices"))
    found = verdict(request, signed)
    assert found.status == "refused"
    assert "vera refused as validator: thin slices" in found.reasons


def test_nobody_can_sign_after_a_refusal():
    request = request_for()
    signed = [DEV.signs(request, (), "refuse", "no")]
    signed.append(VAL.signs(request, signed))
    assert "was refused before" in verdict(request, signed).reasons[0]


def test_a_request_that_nobody_decided_counts_as_refused_at_its_expiry():
    request = request_for()
    just_before = request.expires_at - timedelta(microseconds=1)
    assert verdict(request, [], now=just_before).status == "waiting"
    assert verdict(request, [], now=request.expires_at).status == "refused"


def test_signatures_do_not_outlive_the_request():
    request = request_for()
    signed = sign_all(request, PEOPLE)
    assert verdict(request, signed, now=request.expires_at).status == "refused"


def test_who_trained_the_version_cannot_sign_as_validator_with_any_key():
    himself = Person(TRAINER, "validator")
    request = request_for(roles=("validator",))
    found = verdict(request, [himself.signs(request)], keys_of_all([himself]))
    assert "tom trained the version and cannot sign as validator" in found.reasons[0]


def test_who_trained_the_version_may_sign_as_developer():
    himself = Person(TRAINER, "developer")
    request = request_for()
    found = verdict(request, [himself.signs(request)], keys_of_all([himself, *PEOPLE]))
    assert found.status == "waiting"


def test_a_version_of_an_unknown_trainer_cannot_be_validated():
    request = request_for(roles=("validator",), trained_by="")
    found = verdict(request, [VAL.signs(request)])
    assert "nobody knows who trained" in found.reasons[0]


def test_nobody_signs_twice_even_with_two_keys():
    both = Person("dora", "validator")
    request = request_for()
    signed = sign_all(request, (DEV, both))
    found = verdict(request, signed, keys_of_all([DEV, both]))
    assert "dora has signed in another role" in found.reasons[0]


def test_a_revoked_key_takes_its_signature_along():
    request = request_for()
    signed = sign_all(request, PEOPLE)
    gone = replace(VAL.key, revoked_at=NOW, revoked_because="laptop lost")
    found = verdict(request, signed, {**KEYS, gone.key_id: gone})
    assert found.status == "refused"
    assert "revoked: laptop lost" in found.reasons[0]


def test_a_signature_too_many_is_refused():
    request = request_for(roles=("validator",))
    signed = sign_all(request, (VAL, AUD))
    assert "everybody has signed" in verdict(request, signed).reasons[0]


def test_a_request_reads_back_whole():
    request = request_for()
    assert read_request(request_content(request)) == request


# One attack a function: from the honest case to what an attacker would hand in.


def forged(rng, request, signed):
    mallory = Person("vera", "validator")
    at = int(rng.integers(3))
    if rng.random() < 0.3:  # a key that nobody registered
        signed[at] = mallory.signs(request, signed[:at])
    elif rng.random() < 0.5:  # her own signature under another's name
        fake = mallory.signs(request, signed[:at])
        signed[at] = replace(fake, key_id=signed[at].key_id, role=signed[at].role)
    else:  # one bit
        value = bytearray.fromhex(signed[at].value)
        value[int(rng.integers(64))] ^= 1 << int(rng.integers(8))
        signed[at] = replace(signed[at], value=value.hex())
    return {"request": request, "signatures": signed}


def replayed(rng, request, signed):
    other = replace(
        request,
        request_id=f"r-{rng.integers(2, 99)}",
        version=int(rng.integers(1, 7)),
        bundle_digest=BUNDLE if rng.random() < 0.5 else "c" * 64,
    )
    old = sign_all(other, PEOPLE)
    if rng.random() < 0.5:
        return {"request": request, "signatures": old}
    at = int(rng.integers(3))
    taken = replace(old[at], request_id=request.request_id, after=signed[at].after)
    return {"request": request, "signatures": [*signed[:at], taken, *signed[at + 1 :]]}


def expired(rng, request, signed):
    late = request.expires_at + timedelta(seconds=int(rng.integers(0, 10**6)))
    if rng.random() < 0.5:
        return {"request": request, "signatures": signed, "now": late}
    longer = timedelta(days=400)
    at = int(rng.integers(3))
    signed[at] = replace(signed[at], expires_at=signed[at].expires_at + longer)
    request = replace(request, expires_at=request.expires_at + longer)
    return {"request": request, "signatures": signed, "now": late}


def revoked(rng, request, signed):
    key = PEOPLE[int(rng.integers(3))].key
    gone = replace(key, revoked_at=NOW, revoked_because="left")
    return {
        "request": request,
        "signatures": signed,
        "keys": {**KEYS, gone.key_id: gone},
    }


def self_signed(rng, request, _signed):
    role = ("validator", "auditor")[int(rng.integers(2))]
    at = request.roles.index(role)
    himself = Person(TRAINER if rng.random() < 0.5 else "dora", role)
    people = [*PEOPLE[:at], himself, *PEOPLE[at + 1 :]]
    return {
        "request": request,
        "signatures": sign_all(request, people),
        "keys": keys_of_all([*PEOPLE, himself]),
    }


def re_ordered(rng, request, signed):
    orders = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    order = orders[int(rng.integers(5))]
    if rng.random() < 0.5:  # signatures moved
        return {"request": request, "signatures": [signed[i] for i in order]}
    people = [PEOPLE[i] for i in order]  # people out of turn
    return {"request": request, "signatures": sign_all(request, people)}


def edited(rng, request, signed):
    edits = [
        {"bundle": "c" * 64},
        {"request": replace(request, version=8)},
        {"request": replace(request, evidence=("auc: 0.99",))},
        {"request": replace(request, trained_by="nobody")},
        {"request": replace(request, replaces=None)},
        {"request": replace(request, tier="low", roles=request.roles[:1])},
        {"request": replace(request, bundle_digest="c" * 64), "bundle": "c" * 64},
        {"request": replace(request, model_name="taiwan_credit")},
    ]
    return {"request": request, "signatures": signed} | edits[
        int(rng.integers(len(edits)))
    ]


def decision_turned(rng, request, signed):
    at = int(rng.integers(3))
    no = PEOPLE[at].signs(request, signed[:at], "refuse", "no")
    change = {"decision": "approve"} if rng.random() < 0.5 else {"decision": "maybe"}
    rest = []
    for person in PEOPLE[at + 1 :]:
        rest.append(person.signs(request, [*signed[:at], no, *rest]))
    return {
        "request": request,
        "signatures": [*signed[:at], replace(no, **change), *rest],
    }


ATTACKS = (
    forged,
    replayed,
    expired,
    revoked,
    self_signed,
    re_ordered,
    edited,
    decision_turned,
)


def test_a_thousand_generated_attacks_are_refused_and_the_honest_case_never():
    refused, n_honest = Counter(), 0
    for seed in range(N_ATTACKS):
        rng = np.random.default_rng(seed)
        attack = ATTACKS[seed % len(ATTACKS)]
        request = request_for(version=int(rng.integers(7, 99)))
        honest = sign_all(request, PEOPLE)
        n_honest += verdict(request, honest).status == "approved"
        found = verdict(**attack(rng, request, list(honest)))
        assert found.reasons
        refused[attack.__name__] += found.status == "refused"
    assert n_honest == N_ATTACKS
    assert refused.total() == N_ATTACKS, refused
