"""Children are quiet and get the same settings as their parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.settings import Settings
from deployments.environment import QUIET, platform_environment, settings_environment


def test_a_child_builds_the_same_settings(tmp_path):
    settings = Settings(
        home=tmp_path / "home",
        contracts=tmp_path / "contracts",
        api_port=8123,
        sources={"a": "simulate:lender?seed=1"},
        databases={"book": "postgresql://u:secret@h/d"},
        mlflow_database="sqlite:///x.db",
    )
    show = "from assay.settings import Settings; print(Settings().model_dump_json())"
    ran = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, **settings_environment(settings, tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {
        name: str(tmp_path / value) if isinstance(value, Path) else value
        for name, value in settings.model_dump().items()
    }
    expected_json = Settings.model_validate(expected).model_dump_json()
    assert json.loads(ran.stdout) == json.loads(expected_json)
    found = settings_environment(settings, tmp_path)
    assert json.loads(found["ASSAY_DATABASES"]) == {"book": "postgresql://u:secret@h/d"}


def test_relative_folders_are_below_the_project(tmp_path):
    found = settings_environment(Settings(), tmp_path)
    assert found["ASSAY_HOME"] == str(tmp_path / ".assay")
    assert found["ASSAY_CONTRACTS"] == str(tmp_path / "data" / "contracts")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DO_NOT_TRACK", "1"),
        ("PREFECT_SERVER_ANALYTICS_ENABLED", "false"),
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("GX_ANALYTICS_ENABLED", "false"),
        ("DVC_NO_ANALYTICS", "1"),
        ("EVIDENTLY_DISABLE_TELEMETRY", "1"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false"),
    ],
)
def test_no_library_that_we_ship_calls_home(variable, value, tmp_path):
    assert platform_environment(Settings(), tmp_path)[variable] == value


def test_the_user_interface_finds_its_api_on_any_port(tmp_path):
    found = platform_environment(Settings(prefect_port=4999), tmp_path)
    assert found["PREFECT_SERVER_UI_API_URL"] == "/api"
    assert found["PREFECT_API_URL"] == "http://127.0.0.1:4999/api"


def test_an_object_store_elsewhere_reaches_mlflow_and_boto(tmp_path):
    settings = Settings(
        mlflow_artifacts="s3://bucket/models", s3_endpoint="http://127.0.0.1:9000"
    )
    found = platform_environment(settings, tmp_path)
    assert found["MLFLOW_ARTIFACTS_DESTINATION"] == "s3://bucket/models"
    assert found["MLFLOW_S3_ENDPOINT_URL"] == "http://127.0.0.1:9000"
    assert "MLFLOW_S3_ENDPOINT_URL" not in platform_environment(Settings(), tmp_path)


def test_the_tests_themselves_are_quiet():
    assert {name: os.environ.get(name) for name in QUIET} == dict(QUIET)
    assert Path(os.environ["PREFECT_HOME"]) != Path.home() / ".prefect"
