"""The inventory of the shipped contracts, with a real MLflow server for the monitors."""

from datetime import UTC, datetime, timedelta

import pytest

from assay.adapters.champions.chains import open_chains
from assay.adapters.champions.inventory import read_inventory
from assay.adapters.tracking import Evidence, log_evidence
from assay.adapters.tracking.monitors import monitor_experiment
from assay.history import Change, Served, Traffic, history_of, next_link
from assay.history.entry import change_content
from assay.settings import Settings
from deployments.environment import project_root
from tests.services import free_port, mlflow_server

__all__ = ["mlflow_server"]

MODEL = "credit_default"


@pytest.fixture
def settings(mlflow_server, tmp_path):
    data = project_root() / "data"
    found = Settings(
        home=tmp_path,
        mlflow_url=mlflow_server,
        contracts=data / "contracts",
        policies=data / "policies",
    )
    with open_chains(found) as chains:
        change = Change("promoted", Traffic(Served(1, "1" * 64)), "vera", ("auc: kept",))
        chain, now = history_of(MODEL), datetime.now(UTC)
        link = next_link(chain, chains.head(chain), change_content(change), now)
        assert chains.append(link)
    return found


def row(settings, at):
    return next(r for r in read_inventory(settings, at) if r.model_name == MODEL)


def test_monitors_are_held_against_their_schedule(settings):
    now = datetime.now(UTC)
    assert row(settings, now).findings == ("monitors never ran",)
    found = Evidence(parameters={}, metrics={}, files={}, tags={})
    log_evidence(settings, monitor_experiment(MODEL), "version-1", found)
    assert row(settings, now + timedelta(hours=25)).findings == ()
    stale = row(settings, now + timedelta(hours=28))
    assert stale.findings == ("monitors stale: silent for 28 hours",)
    assert (stale.champion, stale.owner, stale.tier) == (1, "credit-risk", "low")


def test_every_model_is_listed_with_whom_and_what_for(settings):
    rows = read_inventory(settings, datetime.now(UTC))
    assert {each.model_name for each in rows} >= {MODEL, "taiwan_credit"}
    for each in rows:
        assert each.owner
        assert each.purpose
        assert each.exposure != "not in the policy"


def test_a_tracking_server_that_does_not_answer_is_a_finding_and_no_failure(settings):
    gone = f"http://127.0.0.1:{free_port()}"
    [finding] = row(
        settings.model_copy(update={"mlflow_url": gone}), datetime.now(UTC)
    ).findings
    assert finding.startswith("monitors not known: MLflow does not answer at http")
