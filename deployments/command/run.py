"""``assay run FLOW``: start a flow on the platform, or in this process, and follow it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assay.errors import ConfigError

if TYPE_CHECKING:
    from deployments.platform.prefect_api import Json, PrefectApi


def run(
    context: typer.Context,
    flow: Annotated[str, typer.Argument(help="Name, e.g. nightly or train_challenger.")],
    here: Annotated[
        bool, typer.Option("--here", help="In this process, without Prefect's server.")
    ] = False,
) -> None:
    """Start a flow, follow it to its end, and show where its results are.

    Its parameters follow as --name value; --model is short for --model_name.
    """
    if here:
        from deployments.command.here import run_here

        raise typer.Exit(run_here(flow, context.args, Path.cwd(), Console()))
    raise typer.Exit(run_on_platform(flow, context.args, Path.cwd(), Console()))


def run_on_platform(
    flow: str, words: Sequence[str], folder: Path, console: Console
) -> int:
    """Start the flow's deployment, follow it, and return the exit code.

    Raises
    ------
    ConfigError
        If flow or parameters are not known to the platform.
    PlatformError
        If the platform does not run.
    """
    from assay.settings import Settings
    from deployments.command.parameters import (
        parse_parameters,
        without_other_models_data,
    )
    from deployments.platform.following import follow
    from deployments.platform.prefect_api import PrefectApi

    settings = Settings()
    with PrefectApi(settings.prefect_api) as api:
        deployment = find_deployment(api.deployments(), flow, words)
        schema = dict(deployment["parameter_openapi_schema"])
        given = deployment.get("parameters") or {}
        schema["required"] = [n for n in schema.get("required", []) if n not in given]
        parameters = parse_parameters(words, schema, folder)
        parameters = without_other_models_data(parameters, given)
        started = api.start_run(deployment["id"], parameters)
        ended = follow(api, started["id"], console)
        _say_results(api, ended.run, ended.family, console)
    style = "green" if ended.is_completed else "red"
    console.print(f"[{style}]{ended.state.lower()}[/] {ended.message}", soft_wrap=True)
    return 0 if ended.is_completed else 1


def find_deployment(
    deployments: list[Json], flow: str, words: Sequence[str] = ()
) -> Json:
    """Return the deployment of a flow, named ``flow`` or ``flow/deployment``.

    Of several, the one that runs on the device that the words name, on CUDA where they
    name none.

    Raises
    ------
    ConfigError
        If there is none, or several and the name does not say which.
    """
    wanted = flow.replace("_", "-")
    full = {f"{each['flow_name']}/{each['name']}": each for each in deployments}
    found = [each for name, each in full.items() if wanted in {name, each["flow_name"]}]
    found = _on_device(found, words)
    if len(found) == 1:
        return found[0]
    if found:
        names = (f"{each['flow_name']}/{each['name']}" for each in found)
        raise ConfigError(
            f"{flow!r} has several deployments; name one: {', '.join(names)}"
        )
    raise ConfigError(f"no flow {flow!r}; the platform has {', '.join(sorted(full))}")


def _on_device(found: list[Json], words: Sequence[str]) -> list[Json]:
    """Leave those whose device is the one that was typed, ``cuda`` without one."""
    devices = [(each.get("parameters") or {}).get("device") for each in found]
    if len(found) < 2 or None in devices:
        return found
    typed = " ".join(words).replace("=", " ").split()
    at = typed.index("--device") if "--device" in typed else -1
    wanted = typed[at + 1] if 0 <= at < len(typed) - 1 else "cuda"
    return [one for one, device in zip(found, devices, strict=True) if device == wanted]


def _say_results(
    api: PrefectApi, run: Json, family: Sequence[str], console: Console
) -> None:
    console.print(f"page: {api.run_page(run['id'])}", highlight=False, soft_wrap=True)
    shown: set[str] = set()
    for artifact in reversed(api.artifacts(family)):
        key = artifact.get("key")
        if key is None or key in shown or artifact.get("type") == "progress":
            continue
        shown.add(key)
        what = artifact.get("description") or artifact["type"]
        where = f"{api.page}/artifacts/key/{key}"
        console.print(f"  {key} ({what}): {where}", highlight=False, soft_wrap=True)
