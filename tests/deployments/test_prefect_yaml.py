"""Every deployment names a flow that exists, with parameters it accepts."""

from __future__ import annotations

import re

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint

from assay.contract import contract_names
from assay.errors import ConfigError
from deployments.bootstrap import read_plan, with_words
from deployments.environment import project_root
from deployments.pools import POOLS

TEXT = (project_root() / "prefect.yaml").read_text()
DEPLOYMENTS = yaml.safe_load(TEXT)["deployments"]


def each(deployment):
    return deployment["entrypoint"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=each)
def test_the_flow_exists_and_accepts_the_parameters(deployment):
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    flow.validate_parameters(required_ones(flow) | deployment.get("parameters", {}))


def required_ones(flow):
    """Values for what a caller must give, so that the given ones can be validated."""
    schema = flow.parameters
    return {name: value_for(schema.properties[name]) for name in schema.required or []}


def value_for(field):
    """Return a value that the field's schema allows."""
    if field.get("type") == "integer":
        return field.get("minimum", 1)
    if "enum" in field:
        return field["enum"][0]
    digits = re.search(r"\{(\d+)\}\$$", field.get("pattern", ""))
    return "0" * int(digits.group(1)) if digits else "given-by-the-caller"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=each)
def test_the_form_says_what_each_parameter_means(deployment):
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    bare = flow.parameters.model_dump_for_openapi()
    told = with_words(flow, bare)["properties"]
    assert told.keys() == bare["properties"].keys()
    if "model_name" in told:
        assert told["model_name"]["title"] == "Model"
        assert told["model_name"]["description"]
        assert "description" not in bare["properties"]["model_name"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=each)
def test_the_deployment_is_described_tagged_limited_and_has_a_known_pool(deployment):
    assert len(deployment["description"]) > 40
    assert "assay" in deployment["tags"]
    # A request's row lets one run have it; a limit would let a run that died keep others
    # out.
    limited = {"limit": 1, "collision_strategy": "ENQUEUE"}
    wanted = None if "claimed" in deployment["tags"] else limited
    assert deployment.get("concurrency_limit") == wanted
    assert deployment["work_pool"]["name"] in POOLS


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=each)
def test_the_model_has_a_contract(deployment):
    known = contract_names(project_root() / "data" / "contracts")
    name = deployment["parameters"].get("model_name")
    of_none = {"all-models", "causal", "ledger", "retrieval", "texts"}
    assert name in known or of_none & set(deployment["tags"])


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=each)
def test_the_entrypoint_is_a_module_and_the_name_a_cadence_or_purpose(deployment):
    module = deployment["entrypoint"].split(".")
    assert module[0] == "flows"
    assert module[1] == module[2]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", deployment["name"])


def test_the_nightly_runs_every_night_in_a_named_time_zone():
    (nightly,) = (d for d in DEPLOYMENTS if d["entrypoint"] == "flows.nightly.nightly")
    (schedule,) = nightly["schedules"]
    assert schedule["cron"] == "0 2 * * *"
    assert schedule["timezone"] == "Europe/London"
    assert schedule["active"] is True


def test_drift_starts_the_retraining_with_the_alerts_number():
    from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger

    from tasks.alerts import DRIFT_EVENT

    (retrain,) = (d for d in DEPLOYMENTS if "retrain_on_alert" in d["entrypoint"])
    (trigger,) = (DeploymentEventTrigger.model_validate(t) for t in retrain["triggers"])
    assert trigger.expect == {DRIFT_EVENT}
    assert "event.payload.alert_id" in str(trigger.parameters["alert_id"])


def test_what_no_event_started_is_looked_for_every_five_minutes():
    (found,) = (d for d in DEPLOYMENTS if "reconcile_alerts" in d["entrypoint"])
    assert found["schedules"][0]["cron"] == "2-59/5 * * * *"


def test_no_path_of_a_machine_is_written_in_it():
    assert not re.findall(r"(?<![A-Za-z}])/(?:home|root|work|app|opt|Users)\b", TEXT)
    assert "{{ $PWD }}" in TEXT


def test_the_working_directory_comes_when_it_is_applied(tmp_path):
    (tmp_path / "prefect.yaml").write_text(TEXT)
    (step,) = read_plan(tmp_path).pull
    assert step["prefect.deployments.steps.set_working_directory"] == {
        "directory": str(tmp_path)
    }


def test_the_plans_version_moves_with_the_file_the_flows_and_the_folder(tmp_path):
    def version(folder, text, flow):
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        (folder / "prefect.yaml").write_text(text)
        (folder / "flows" / "one.py").write_text(flow)
        return read_plan(folder).version

    same = version(tmp_path / "a", TEXT, "x = 1")
    assert version(tmp_path / "a", TEXT, "x = 1") == same
    assert version(tmp_path / "a", TEXT + "\n# more\n", "x = 1") != same
    assert version(tmp_path / "a", TEXT, "x = 2") != same
    assert version(tmp_path / "b", TEXT, "x = 1") != same


def test_a_plan_without_deployments_is_refused(tmp_path):
    (tmp_path / "prefect.yaml").write_text("name: empty\n")
    with pytest.raises(ConfigError, match="names no deployments"):
        read_plan(tmp_path)
