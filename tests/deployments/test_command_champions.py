"""``assay keys|sign|who-was-live|rollback|inventory`` without a platform."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from assay.adapters.champions.chains import open_chains
from assay.adapters.champions.signoffs import ask_for_signoff, record_trainer, signer_keys
from assay.errors import AssayError, ConfigError, RegistryError
from assay.history import Change, Served, Traffic, history_of, next_link
from assay.history.entry import change_content
from assay.settings import Settings
from assay.signoff.signature import is_made_by
from deployments.command import command
from deployments.command.signing import signature_for
from tests.services import free_port
from tests.unit.signoff.people import request_for

MODEL = "credit_default"
START = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    return Settings(home=tmp_path)


def order(*words):
    return CliRunner().invoke(command(), [*map(str, words)])


def fails(*words):
    """Return the error that an order raises on purpose."""
    raised = order(*words).exception
    assert isinstance(raised, AssayError)
    return raised


@pytest.fixture
def two_champions(settings):
    with open_chains(settings) as chains:
        for version in (1, 2):
            traffic = Traffic(Served(version, f"{version:064x}"))
            change = Change("promoted", traffic, "vera", ("auc: kept",))
            chain = history_of(MODEL)
            at = START + timedelta(days=version)
            link = next_link(chain, chains.head(chain), change_content(change), at)
            assert chains.append(link)


def test_keys_are_made_listed_and_revoked(settings):
    made = order("keys", "new", "--owner", "vera", "--role", "validator")
    [key] = signer_keys(settings).values()
    file = settings.home / "keys" / "people" / "vera-validator.pem"
    assert key.key_id in made.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert "vera" in order("keys", "list").stdout
    assert order("keys", "revoke", key.key_id, "--reason", "lost").exit_code == 0
    assert "lost" in order("keys", "list").stdout
    said = fails("keys", "new", "--owner", "vera", "--role", "validator")
    assert "never written over" in str(said)


def test_a_key_for_no_role_leaves_no_file(settings):
    assert "developer, validator, auditor" in str(
        fails("keys", "new", "--owner", "vera", "--role", "boss")
    )
    assert not (settings.home / "keys").exists()


def test_a_signature_is_shown_and_holds(settings):
    order("keys", "new", "--owner", "vera", "--role", "validator")
    now = datetime.now(UTC)
    record_trainer(settings, MODEL, "b" * 64, "tom")
    request = request_for(
        roles=("validator",), asked_at=now, expires_at=now + timedelta(days=1)
    )
    ask_for_signoff(settings, request)
    file = settings.home / "keys" / "people" / "vera-validator.pem"
    shown = order(
        *("sign", MODEL, "approve", "--key", file, "--comment", "seen", "--show")
    )
    made = signature_for(settings, MODEL, "approve", "seen", file)
    assert f"signature: {made.value}" in shown.stdout
    [key] = signer_keys(settings).values()
    assert is_made_by(request, made, key)


def test_signing_without_key_request_or_decision_says_so(settings, tmp_path):
    file = tmp_path / "absent.pem"
    assert "no key in" in str(fails("sign", MODEL, "approve", "--key", file))
    assert "neither 'approve'" in str(fails("sign", MODEL, "maybe", "--key", file))
    order("keys", "new", "--owner", "vera", "--role", "validator")
    file = settings.home / "keys" / "people" / "vera-validator.pem"
    raised = fails("sign", MODEL, "approve", "--key", file)
    assert isinstance(raised, RegistryError)
    assert "waits for a signature" in str(raised)


@pytest.mark.usefixtures("two_champions")
def test_who_was_live_names_version_time_and_person():
    said = order("who-was-live", MODEL, "2026-11-21T12:00").stdout
    assert "version 1, bundle 000000000000" in said
    assert "promoted 2026-11-21 00:00:00 UTC by vera" in said
    assert "version 2" in order("who-was-live", MODEL, "2026-11-22T01:00+01:00").stdout
    assert "had no champion" in str(fails("who-was-live", MODEL, "2026-11-20"))
    raised = fails("who-was-live", MODEL, "yesterday")
    assert isinstance(raised, ConfigError)


@pytest.mark.usefixtures("two_champions")
def test_what_cannot_be_decided_is_refused_before_anything_is_written():
    assert "these were: 1, 2" in str(
        fails("rollback", MODEL, "--to", "7", "--reason", "worse")
    )
    assert "with its reason" in str(fails("rollback", MODEL, "--reason", " "))


@pytest.mark.usefixtures("two_champions")
def test_the_inventory_shows_owner_tier_and_what_is_overdue(monkeypatch):
    monkeypatch.setenv("ASSAY_MLFLOW_URL", f"http://127.0.0.1:{free_port()}")
    said = order("inventory").stdout
    assert "credit-risk" in said
    assert "simulated applications" in said
    assert "monitors not known: MLflow does not answer at http" in said
