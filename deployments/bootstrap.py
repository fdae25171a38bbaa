"""Put work pools, limits and the deployments of `prefect.yaml` on the Prefect server.

``python -m deployments.bootstrap``. Idempotent: a deployment carries the digest of what
it was made from as its version, and one that is current is left alone, with whatever a
person changed on its page (a paused schedule stays paused).
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import yaml
from pydantic.fields import FieldInfo
from rich.console import Console

from assay.errors import AssayError, ConfigError
from assay.ledger.signing import signing_key
from assay.settings import Settings
from deployments.automations import apply_triggers
from deployments.environment import digest_of, platform_environment, project_root
from deployments.platform.prefect_api import PrefectApi
from deployments.pools import apply_pools

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.orchestration import SyncPrefectClient

VERSION_PREFIX = "assay-"
GPU_LIMIT = "gpu"


@dataclass(frozen=True, slots=True)
class Plan:
    """What `prefect.yaml` asks for.

    Attributes
    ----------
    pull : list of dict
        Steps that a worker takes before a run.
    deployments : list of dict
        The deployments as written.
    version : str
        Names file, flows and folder that the plan was made from.
    """

    pull: list[dict[str, Any]]
    deployments: list[dict[str, Any]]
    version: str


def read_plan(root: Path, *pools: object) -> Plan:
    """Return the plan of a project's `prefect.yaml`, for pools as asked for.

    Raises
    ------
    ConfigError
        If there is no such file or it names no deployment.
    """
    path = root / "prefect.yaml"
    try:
        content = yaml.safe_load(path.read_text().replace("{{ $PWD }}", str(root)))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not (content or {}).get("deployments"):
        raise ConfigError(f"{path} names no deployments; it needs at least one")
    made_from = [
        path,
        *(root / "deployments").glob("*.py"),
        *(root / "flows").rglob("*.py"),
    ]
    version = VERSION_PREFIX + digest_of(made_from, str(root), *map(str, pools))[:12]
    return Plan(content.get("pull", []), content["deployments"], version)


def is_current(api: PrefectApi, plan: Plan) -> bool:
    """Say whether the server holds exactly the plan's deployments at its version."""
    found = [each for each in api.deployments() if _is_ours(each.get("version"))]
    return len(found) == len(plan.deployments) and all(
        each["version"] == plan.version for each in found
    )


def apply_plan(plan: Plan, settings: Settings) -> list[str]:
    """Create or update pools, limits and deployments; return ``flow/deployment`` names.

    Deployments that an earlier plan made and this one does not name are deleted, so
    that a renamed schedule does not run twice.

    Raises
    ------
    ConfigError
        If a flow cannot be loaded or does not accept its parameters.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        apply_pools(client, settings)
        client.upsert_global_concurrency_limit_by_name(GPU_LIMIT, settings.cuda_devices)
        names = [_apply_deployment(client, each, plan) for each in plan.deployments]
        for found in client.read_deployments(limit=200):
            if _is_ours(found.version) and found.version != plan.version:
                client.delete_deployment(found.id)
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    """Apply the project's plan to the server that the settings name."""
    console = Console(stderr=False)
    settings, root = Settings(), Path(arguments[0]) if arguments else project_root()
    for name, value in platform_environment(settings, root).items():
        os.environ.setdefault(name, value)
    sys.path.insert(0, str(root))
    try:
        signing_key(settings.platform_key_file)
        plan = read_plan(root, settings.cuda_pool, settings.cuda_devices)
        with PrefectApi(settings.prefect_api) as api:
            current = is_current(api, plan)
        if current:
            console.print(f"deployments: unchanged ({plan.version})", highlight=False)
            return 0
        for name in apply_plan(plan, settings):
            console.print(f"deployment {name}: applied", highlight=False)
    except AssayError as error:
        Console(stderr=True).print(f"[red]error:[/] {error}", highlight=False)
        return 1
    return 0


def _is_ours(version: str | None) -> bool:
    return (version or "").startswith(VERSION_PREFIX)


def _apply_deployment(
    client: SyncPrefectClient, wanted: dict[str, Any], plan: Plan
) -> str:
    from prefect.utilities.callables import parameter_schema

    flow = _load(wanted["entrypoint"])
    parameters = wanted.get("parameters", {})
    schema = with_words(flow, parameter_schema(flow).model_dump_for_openapi())
    unknown = sorted(set(parameters) - set(schema["properties"]))
    if unknown:
        raise ConfigError(
            f"prefect.yaml gives {wanted['entrypoint']} the parameters "
            f"{', '.join(unknown)}; it takes {', '.join(schema['properties'])}"
        )
    deployment_id = client.create_deployment(
        flow_id=client.create_flow(flow),
        name=wanted["name"],
        version=plan.version,
        description=wanted.get("description"),
        tags=wanted.get("tags"),
        entrypoint=wanted["entrypoint"],
        path=".",
        parameters=parameters,
        parameter_openapi_schema=schema,
        enforce_parameter_schema=True,
        pull_steps=plan.pull,
        **_timing(wanted),
        work_pool_name=wanted["work_pool"]["name"],
        work_queue_name=wanted["work_pool"].get("work_queue_name", "default"),
        job_variables=wanted["work_pool"].get("job_variables"),
    )
    apply_triggers(client, deployment_id, wanted.get("triggers", []))
    return f"{flow.name}/{wanted['name']}"


def with_words(flow: Flow[Any, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose form says what each parameter means.

    Prefect puts the parameter's name in the place of the title that its annotation
    gives, and drops the description.
    """
    properties = dict(schema["properties"])
    hints = get_type_hints(inspect.unwrap(flow.fn), include_extras=True)
    for name, of_parameter in properties.items():
        for each in getattr(hints.get(name), "__metadata__", ()):
            if isinstance(each, FieldInfo):
                told = {"title": each.title, "description": each.description}
                given = {key: text for key, text in told.items() if text}
                properties[name] = {**of_parameter, **given}
    return {**schema, "properties": properties}


def _load(entrypoint: str) -> Flow[Any, Any]:
    from prefect.flows import load_flow_from_entrypoint

    try:
        flow: Flow[Any, Any] = load_flow_from_entrypoint(entrypoint)
    except Exception as error:
        raise ConfigError(f"flow {entrypoint} cannot be loaded: {error}") from error
    return flow


def _timing(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return when a deployment runs, and how often at once."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import ConcurrencyOptions
    from prefect.client.schemas.schedules import CronSchedule

    limit = wanted.get("concurrency_limit") or {}
    strategy = limit.get("collision_strategy")
    schedules = [
        DeploymentScheduleCreate(
            schedule=CronSchedule(cron=each["cron"], timezone=each["timezone"]),
            active=each.get("active", True),
            slug=each.get("slug"),
        )
        for each in wanted.get("schedules", [])
    ]
    options = ConcurrencyOptions(collision_strategy=strategy) if strategy else None
    return {
        "schedules": schedules,
        "concurrency_limit": limit.get("limit"),
        "concurrency_options": options,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
