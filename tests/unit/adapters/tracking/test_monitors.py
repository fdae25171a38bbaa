"""The last look of a model's monitors, read from a real MLflow server."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from assay.adapters.tracking import Evidence, log_evidence
from assay.adapters.tracking.client import mlflow_client
from assay.adapters.tracking.monitors import last_watched, monitor_experiment
from assay.errors import SourceError
from assay.settings import Settings
from tests.services import free_port, mlflow_server

__all__ = ["mlflow_server"]


@pytest.fixture
def settings(mlflow_server, tmp_path):
    return Settings(home=tmp_path, mlflow_url=mlflow_server)


def look(settings, name):
    found = Evidence(parameters={}, metrics={}, files={}, tags={})
    return log_evidence(settings, monitor_experiment(name), "version-1", found)


def test_a_model_that_nobody_watched_has_no_last_look(settings):
    assert last_watched(settings, f"m_{uuid.uuid4().hex[:8]}") is None


def test_the_newest_look_that_finished_counts_and_a_failed_one_does_not(settings):
    name = f"m_{uuid.uuid4().hex[:8]}"
    begin = datetime.now(UTC) - timedelta(milliseconds=1)
    look(settings, name)
    first = last_watched(settings, name)
    assert begin <= first <= datetime.now(UTC)
    time.sleep(0.01)  # MLflow counts milliseconds
    look(settings, name)
    second = last_watched(settings, name)
    assert second > first
    failed = look(settings, name)
    mlflow_client(settings).set_terminated(failed.run_id, "FAILED")
    assert last_watched(settings, name) == second


def test_a_server_that_does_not_answer_is_told(tmp_path):
    nobody = Settings(home=tmp_path, mlflow_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(SourceError, match="MLflow does not answer at"):
        last_watched(nobody, "m")
