"""``assay run FLOW --here``: a flow in this process, for trying and debugging."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from assay.errors import ConfigError
from assay.settings import Settings
from deployments.bootstrap import read_plan
from deployments.command.parameters import parse_parameters, without_other_models_data
from deployments.environment import platform_environment, project_root

OF_THE_PLATFORM = ("PREFECT_API_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL")


def run_here(flow: str, words: Sequence[str], folder: Path, console: Console) -> int:
    """Call the flow in this process and return the exit code.

    Prefect's records of it go to a database of their own; versions go to the platform's
    registry, whose server is started for the time of the call where it does not run.

    Raises
    ------
    ConfigError
        If flow or parameters are unknown.
    """
    settings, root = Settings(), project_root()
    entrypoint, defaults = find_entrypoint(root, flow)
    _set_environment(settings, root)

    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    loaded: Any = load_flow_from_entrypoint(entrypoint)
    schema = parameter_schema(loaded).model_dump_for_openapi()
    schema["required"] = [n for n in schema.get("required", []) if n not in defaults]
    given = without_other_models_data(parse_parameters(words, schema, folder), defaults)
    with _registry(settings, root, console):
        os.chdir(root)
        state = loaded(**{**defaults, **given}, return_state=True)
        if inspect.isawaitable(state):
            state = asyncio.run(_awaited(state))
    style = "green" if state.is_completed() else "red"
    console.print(f"[{style}]{state.name.lower()}[/] {state.message or ''}")
    return 0 if state.is_completed() else 1


def find_entrypoint(root: Path, flow: str) -> tuple[str, dict[str, Any]]:
    """Return a flow's entrypoint and default parameters from `prefect.yaml`.

    Raises
    ------
    ConfigError
        If `prefect.yaml` has no such flow.
    """
    known: dict[str, tuple[str, dict[str, Any]]] = {}
    for each in read_plan(root).deployments:
        name = each["entrypoint"].rpartition(".")[2]
        known.setdefault(name, (each["entrypoint"], each.get("parameters", {})))
    wanted = flow.partition("/")[0].replace("-", "_")
    if wanted not in known:
        raise ConfigError(
            f"no flow {flow!r}; prefect.yaml has {', '.join(sorted(known))}"
        )
    return known[wanted]


def _set_environment(settings: Settings, root: Path) -> None:
    wanted = platform_environment(settings, root)
    home = (root / settings.home).resolve()
    for name in OF_THE_PLATFORM:
        wanted.pop(name, None)
        os.environ.pop(name, None)
    wanted["PREFECT_HOME"] = str(home / "prefect-here")
    wanted["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "true"
    os.environ.update(wanted)


@contextmanager
def _registry(settings: Settings, root: Path, console: Console) -> Iterator[None]:
    from deployments.platform.services import plan_platform
    from deployments.platform.supervision import end_services, start_services

    platform = plan_platform(settings, root)
    registry = tuple(each for each in platform.services if each.name == "mlflow")
    if not registry or registry[0].is_healthy(0.0):
        yield
        return
    alone = dataclasses.replace(platform, services=registry)
    start_services(alone, console)
    try:
        yield
    finally:
        end_services(alone)


async def _awaited(state: Any) -> Any:  # noqa: ANN401 # Prefect's states are untyped here
    return await state
