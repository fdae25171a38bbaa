"""Automations of the deployments in `prefect.yaml`: events that start a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient


def apply_triggers(
    client: SyncPrefectClient, deployment_id: UUID, triggers: Sequence[dict[str, Any]]
) -> None:
    """Let a deployment have exactly these triggers; those it had before are deleted.

    They are automations that the deployment owns, as `prefect deploy` makes them, and
    go with it.

    Raises
    ------
    ConfigError
        If a trigger is not as Prefect takes it.
    """
    from prefect.events.schemas.deployment_triggers import DeploymentTriggerTypes
    from pydantic import TypeAdapter, ValidationError

    reader: TypeAdapter[DeploymentTriggerTypes] = TypeAdapter(DeploymentTriggerTypes)
    try:
        wanted = [reader.validate_python(each) for each in triggers]
    except ValidationError as error:
        raise ConfigError(f"a trigger in prefect.yaml is wrong: {error}") from error
    client.delete_resource_owned_automations(f"prefect.deployment.{deployment_id}")
    for trigger in wanted:
        trigger.set_deployment_id(deployment_id)
        client.create_automation(trigger.as_automation())
