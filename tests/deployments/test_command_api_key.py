"""``assay api-key``: keys are shown once, listed without their secrets, revoked."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from assay.errors import ConfigError
from assay.settings import Settings
from deployments.command import command
from serving.boundary.__main__ import main
from serving.boundary.keys import KeyRing


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return lambda: KeyRing(Settings().api_keys_file)


def order(*words):
    return CliRunner().invoke(command(), ["api-key", *words])


def test_a_key_is_made_listed_and_revoked(ring):
    made = order("new", "the bank", "--scope", "score", "--scope", "read", "--days", "30")
    token = made.stdout.strip()
    assert ring().find(token).scopes == ("score", "read")
    listed = order("list").stdout
    assert "the bank" in listed
    assert "score, read" in listed
    assert token.split("_", 2)[2] not in listed
    key_id = token.split("_")[1]
    assert "the bank" in order("revoke", key_id).stdout
    assert ring().find(token) is None
    assert key_id not in order("list").stdout


def test_a_wrong_scope_is_an_error_that_lists_the_right_ones(ring):
    said = order("new", "x", "--scope", "write")
    assert isinstance(said.exception, ConfigError)
    assert "score, explain, read, admin" in str(said.exception)
    assert ring().is_empty


def test_the_image_without_a_command_line_makes_keys_too(ring, capsys):
    assert main(["the bank", "score"]) == 0
    assert ring().find(capsys.readouterr().out.strip()).name == "the bank"
    assert main(["the bank", "write"]) == 2
    assert main(["the bank"]) == 2
