"""Keys and requests in a real database: nothing that does not count is written."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from assay.adapters.champions.chains import chain_links
from assay.adapters.champions.signoffs import (
    add_key,
    ask_for_signoff,
    close_case,
    open_case,
    policies_now,
    record_signature,
    record_trainer,
    revoke_key,
    signer_keys,
    signoff_cases,
    trainer_of,
    verdict_of,
)
from assay.adapters.database import open_database
from assay.contract.mark import PolicyMark
from assay.errors import ConfigError, RegistryError
from assay.settings import Settings
from deployments.environment import project_root
from tests.unit.signoff.people import BUNDLE, Person, request_for

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MODEL = "credit_default"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def people(settings):
    everybody = [Person("dora", "developer"), Person("vera", "validator")]
    for person in everybody:
        add_key(settings, person.key.owner, person.key.role, person.key.public)
    return everybody


def asking(**changes):
    return request_for(roles=("developer", "validator"), **changes)


def test_two_signatures_approve_and_the_case_ends(settings, people):
    case = ask_for_signoff(settings, asking())
    for person in people:
        signature = person.signs(case.request, case.signatures)
        case = record_signature(settings, MODEL, signature, NOW)
    assert verdict_of(settings, case, BUNDLE, NOW).status == "approved"
    assert verdict_of(settings, case, "c" * 64, NOW).status == "refused"
    close_case(settings, case, "promoted", ("signed",))
    close_case(settings, case, "refused", ("too late",))
    [ended] = signoff_cases(settings, MODEL)
    assert (ended.outcome, ended.reasons) == ("promoted", ("signed",))
    with pytest.raises(RegistryError, match="waits for a signature"):
        open_case(settings, MODEL)


def test_a_signature_that_does_not_count_is_not_written(settings, people):
    case = ask_for_signoff(settings, asking())
    out_of_turn = people[1].signs(case.request)
    with pytest.raises(RegistryError, match="developer is next"):
        record_signature(settings, MODEL, out_of_turn, NOW)
    stranger = Person("mallory", "developer").signs(case.request)
    with pytest.raises(RegistryError, match="is not registered"):
        record_signature(settings, MODEL, stranger, NOW)
    late = people[0].signs(case.request)
    with pytest.raises(RegistryError, match="expired"):
        record_signature(settings, MODEL, late, case.request.expires_at)
    assert open_case(settings, MODEL).signatures == ()


def test_asking_again_finds_the_open_case_with_its_signatures(settings, people):
    case = ask_for_signoff(settings, asking())
    record_signature(settings, MODEL, people[0].signs(case.request), NOW)
    later = asking(request_id="r-2", asked_at=case.request.asked_at + timedelta(days=1))
    again = ask_for_signoff(settings, later)
    assert again.request.request_id == "r-1"
    assert len(again.signatures) == 1


MARK = PolicyMark("gates", "fairness profile report", 1, "a" * 64)


@pytest.mark.parametrize(
    "change", [{"bundle_digest": "c" * 64}, {"replaces": 9}, {"policies": (MARK,)}]
)
def test_another_version_champion_or_policy_is_asked_about_anew(settings, change):
    ask_for_signoff(settings, asking())
    ask_for_signoff(settings, asking(request_id="r-2", **change))
    assert [each.outcome for each in signoff_cases(settings, MODEL)] == [
        "superseded",
        "open",
    ]


def test_a_request_that_expired_is_asked_anew(settings):
    first = ask_for_signoff(settings, asking())
    at = first.request.expires_at
    again = asking(request_id="r-2", asked_at=at, expires_at=at + timedelta(days=14))
    assert ask_for_signoff(settings, again).request.request_id == "r-2"


def test_a_revoked_key_no_longer_counts(settings, people):
    case = ask_for_signoff(settings, asking())
    case = record_signature(settings, MODEL, people[0].signs(case.request), NOW)
    revoke_key(settings, people[0].key.key_id, "laptop lost")
    assert signer_keys(settings)[people[0].key.key_id].revoked_because == "laptop lost"
    assert verdict_of(settings, case, BUNDLE, NOW).status == "refused"
    with pytest.raises(ConfigError, match="revoked already"):
        revoke_key(settings, people[0].key.key_id, "again")


def test_the_first_trainer_of_a_bundle_stays(settings):
    assert trainer_of(settings, MODEL, BUNDLE) == ""
    record_trainer(settings, MODEL, BUNDLE, "tom")
    record_trainer(settings, MODEL, BUNDLE, "vera")
    assert trainer_of(settings, MODEL, BUNDLE) == "tom"


@pytest.mark.usefixtures("people")
def test_a_key_that_was_changed_in_the_database_makes_nothing_count(settings):
    with open_database(settings) as connection:
        body = signed_body(connection).replace('"vera"', '"tom"')
        connection.execute(
            update(chain_links).where(chain_links.c.sequence == 2).values(body=body)
        )
    with pytest.raises(RegistryError, match="altered"):
        signer_keys(settings)


def signed_body(connection):
    query = chain_links.select().where(chain_links.c.sequence == 2)
    return connection.execute(query).one().body


def test_a_request_edited_on_the_way_is_not_the_one_that_was_signed(settings, people):
    case = ask_for_signoff(settings, asking())
    other = replace(case.request, evidence=("auc: 0.99",))
    with pytest.raises(RegistryError, match="did not sign this"):
        record_signature(settings, MODEL, people[0].signs(other), NOW)


def test_a_profile_changed_after_the_evidence_was_made_is_noticed(tmp_path):
    for name in ("contracts", "policies"):
        shutil.copytree(project_root() / "data" / name, tmp_path / name)
    settings = Settings(
        home=tmp_path / "home",
        contracts=tmp_path / "contracts",
        policies=tmp_path / "policies",
    )
    before = policies_now(settings, MODEL)
    case = ask_for_signoff(settings, asking(policies=before))
    kept = verdict_of(settings, case, BUNDLE, NOW, policies_now(settings, MODEL))
    assert kept.status == "waiting"
    file = settings.contracts / f"{MODEL}.toml"
    text = file.read_text()
    assert "floors = { auc = 0.65" in text
    file.write_text(text.replace("floors = { auc = 0.65", "floors = { auc = 0.6"))
    found = verdict_of(settings, case, BUNDLE, NOW, policies_now(settings, MODEL))
    assert found.status == "refused"
    assert found.reasons[0].startswith(f"policy {before[0]} is now gates (fairness")
