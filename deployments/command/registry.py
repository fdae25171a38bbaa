"""``assay models``: what is registered, and which version answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from assay.errors import RegistryError


def models() -> None:
    """Show every model's versions with their aliases, newest first."""
    from assay.settings import Settings

    tracking = Settings().mlflow_tracking
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "version", "aliases", "made", "bundle"):
        table.add_column(heading)
    for model in _search(tracking, "registered-models", "registered_models", {}):
        aliases: dict[str, list[str]] = {}
        for alias in model.get("aliases", []):
            aliases.setdefault(str(alias["version"]), []).append(alias["alias"])
        wanted = {"filter": f"name='{model['name']}'", "order_by": "version_number DESC"}
        for version in _search(tracking, "model-versions", "model_versions", wanted):
            number = str(version["version"])
            tags = {tag["key"]: tag["value"] for tag in version.get("tags", [])}
            table.add_row(
                model["name"],
                number,
                ", ".join(sorted(aliases.get(number, []))),
                _moment(version.get("creation_timestamp")),
                tags.get("assay.bundle_digest", "")[:12],
            )
    console = Console()
    if table.row_count:
        console.print(table)
    else:
        console.print("no versions yet; 'assay run nightly' makes one")


def _search(
    tracking: str, what: str, field: str, wanted: dict[str, str]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        query = wanted | ({"page_token": token} if token else {})
        try:
            answer = httpx.get(
                f"{tracking}/api/2.0/mlflow/{what}/search", params=query, timeout=30.0
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise RegistryError(
                f"MLflow at {tracking} gives no {what} ({error}); start the platform "
                "with 'make run' or set ASSAY_MLFLOW_URL"
            ) from error
        content = answer.json()
        found += content.get(field, [])
        token = content.get("next_page_token", "")
        if not token:
            return found


def _moment(milliseconds: str | int | None) -> str:
    if milliseconds is None:
        return ""
    moment = datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
