"""docker-compose.yml against its schema and against the house's rules.

No engine runs here: `docker compose config` was not run. The schema is that of the
Compose Specification (see compose_spec.LICENSE.md).
"""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from assay.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OWN = {name for name, service in SERVICES.items() if "build" in service}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:[?-])([^}]*))?\}")


def environment(name: str) -> dict:
    return SERVICES[name].get("environment", {})


def dockerfile(name: str) -> str:
    return (ROOT / SERVICES[name]["build"]["dockerfile"]).read_text()


def test_the_file_follows_the_compose_schema():
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    validator = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


def test_the_schema_would_notice_a_wrong_key():
    schema = json.loads((Path(__file__).parent / "compose_spec.json").read_text())
    wrong = {**COMPOSE, "services": {"a": {"image": "x:1", "comand": ["y"]}}}
    assert list(jsonschema.Draft201909Validator(schema).iter_errors(wrong))


def test_every_service_that_was_asked_for_is_there():
    assert set(SERVICES) == {
        *("postgres", "redis", "prefect", "mlflow", "bootstrap"),
        *("worker", "worker-cuda", "serving"),
    }


def test_no_secret_is_written_down():
    for name in SERVICES:
        for key, value in environment(name).items():
            is_secret = "PASSWORD" in key or "SECRET" in key or "@" in str(value)
            if is_secret and value is not None:
                assert re.search(r"\$\{\w*PASSWORD:\?", value), (name, key)


def test_a_missing_password_stops_compose_with_a_message():
    for variable, operator, message in VARIABLE.findall(TEXT):
        if "PASSWORD" in variable:
            assert (operator, bool(message)) == (":?", True)
        else:
            assert operator == ":-", f"{variable} has neither default nor message"


def test_the_example_environment_names_every_variable():
    example = (ROOT / ".env.example").read_text()
    handed_on = {
        key for name in SERVICES for key, v in environment(name).items() if v is None
    }
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    assert {variable for variable, *_ in VARIABLE.findall(TEXT)} | handed_on <= named
    assert not re.search(r"PASSWORD=\S|^AWS\w+=\S", example, re.MULTILINE)


def test_every_assay_variable_is_a_setting():
    names = {f"ASSAY_{field.upper()}" for field in Settings.model_fields}
    for name in SERVICES:
        used = {key for key in environment(name) if key.startswith("ASSAY_")}
        assert used <= names, used - names
    example = (ROOT / ".env.example").read_text()
    of_compose = {"ASSAY_BIND", "ASSAY_IMAGE_TAG"}
    assert set(re.findall(r"ASSAY_[A-Z0-9_]+(?==)", example)) <= names | of_compose


def test_foreign_images_are_pinned_and_own_ones_are_built_here():
    for name, service in SERVICES.items():
        if name in OWN:
            assert (ROOT / service["build"]["dockerfile"]).is_file()
            assert service["image"].startswith("assay-")
        else:
            assert re.search(r":\d+\.\d+[\w.\-]*$", service["image"]), service["image"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_can_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    user = service.get("user") or re.findall(r"^USER (\S+)", dockerfile(name), re.M)[-1]
    assert user.split(":")[0] not in ("root", "0")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_can_become_true(name):
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        if wanted["condition"] == "service_healthy":
            own = SERVICES[other].get("healthcheck")
            assert own or "HEALTHCHECK" in dockerfile(other)
            assert not (own or {}).get("disable")
        else:
            assert wanted["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"] == "no"


def test_every_volume_is_declared_and_every_mounted_file_exists():
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            known = source in COMPOSE["volumes"] or (ROOT / source).is_file()
            assert known, source


def test_ports_are_published_to_this_host_unless_someone_opens_them():
    ports = [port for one in SERVICES.values() for port in one.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("${ASSAY_BIND:-127.0.0.1}:") for port in ports)


def test_the_gpu_worker_starts_only_when_asked_and_reserves_a_device():
    assert [name for name, one in SERVICES.items() if "profiles" in one] == [
        "worker-cuda"
    ]
    worker = SERVICES["worker-cuda"]
    devices = worker["deploy"]["resources"]["reservations"]["devices"]
    assert worker["profiles"] == ["gpu"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


def test_every_plugin_that_the_prefect_server_is_told_of_is_locked():
    modules = {
        str(value).split(".")[0]
        for value in environment("prefect").values()
        if re.fullmatch(r"[a-z_]+\.[a-z_.]+", str(value))
    }
    locked = (ROOT / "locks" / "flows.txt").read_text()
    for module in modules:
        assert re.search(f"^{module.replace('_', '-')}==", locked, re.M), module


def test_each_database_in_a_url_is_made():
    made = {
        "assay",
        *re.findall(
            r"CREATE DATABASE (\w+)",
            (ROOT / "deployments/images/databases.sql").read_text(),
        ),
    }
    used = set(re.findall(r"@postgres:5432/(\w+)", TEXT))
    assert used == made
