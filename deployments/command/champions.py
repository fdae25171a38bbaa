"""``assay who-was-live``, ``inventory``, ``rollback``, ``stop`` and ``resume``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from assay.errors import ConfigError, RegistryError

if TYPE_CHECKING:
    from assay.history import ChampionEntry
    from assay.history.protocol import Decide

Model = Annotated[str, typer.Argument(help="Name of the model.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks later.")]


def who_was_live(
    model_name: Model,
    at: Annotated[
        str, typer.Argument(help="A moment, such as 2026-11-21T14:30; UTC if no zone.")
    ],
) -> None:
    """Say which version answered at a moment, since when, by whose decision."""
    from assay.adapters.champions.history import champion_at
    from assay.settings import Settings

    moment = read_time(at)
    entry = champion_at(Settings(), model_name, moment)
    if entry is None:
        raise RegistryError(
            f"{model_name!r} had no champion at {moment:%Y-%m-%d %H:%M:%S} UTC"
        )
    typer.echo("\n".join(entry_lines(entry)))


def rollback(
    model_name: Model,
    reason: Reason,
    to: Annotated[
        int | None, typer.Option(help="A former champion; the previous one if none.")
    ] = None,
) -> None:
    """Give requests back to the previous or a named former champion."""
    from assay.adapters.champions.history import history
    from assay.history.decisions import rollback as giving_back
    from assay.settings import Settings

    settings = Settings()
    entries = history(settings, model_name)
    change = giving_back(entries, to, reason=reason, actor=settings.actor)
    _change(model_name, change)


def stop(model_name: Model, reason: Reason) -> None:
    """Stop a model: every server answers 503 with the reason."""
    from assay.history.decisions import stop as stopping
    from assay.settings import Settings

    _change(model_name, stopping(reason, Settings().actor))


def resume(model_name: Model, reason: Reason) -> None:
    """Let a stopped model answer again."""
    from assay.history.decisions import resume as resuming
    from assay.settings import Settings

    _change(model_name, resuming(reason, Settings().actor))


def inventory() -> None:
    """Show every model: owner, purpose, exposure, tier, validator, reviews, findings."""
    from assay.adapters.champions.inventory import read_inventory
    from assay.settings import Settings

    headings = ("model", "champion", "owner", "purpose", "exposure", "tier", "validator")
    table = Table(
        *headings, "last review", "next review", "findings", box=None, pad_edge=False
    )
    for row in read_inventory(Settings(), datetime.now(UTC)):
        table.add_row(
            row.model_name,
            str(row.champion or ""),
            row.owner,
            row.purpose,
            row.exposure,
            row.tier,
            row.validator,
            f"{row.last_review:%Y-%m-%d}" if row.last_review else "",
            f"{row.next_review:%Y-%m-%d}" if row.next_review else "",
            f"[red]{'; '.join(row.findings)}[/]" if row.findings else "[green]none[/]",
        )
    Console().print(table)


def read_time(text: str) -> datetime:
    """Return a moment in UTC; one without a zone is meant in UTC.

    Raises
    ------
    ConfigError
        If it is no time of ISO 8601.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no time; write 2026-11-21T14:30") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def entry_lines(entry: ChampionEntry) -> list[str]:
    """Return an entry for the terminal."""
    traffic = entry.traffic
    lines = [
        f"{entry.model_name}: version {entry.version}, bundle {entry.bundle_digest[:12]}"
    ]
    if traffic.stopped:
        lines[0] = f"{entry.model_name}: stopped ({traffic.stopped})"
    lines.append(
        f"{entry.action.replace('_', ' ')} {entry.since:%Y-%m-%d %H:%M:%S} UTC by "
        f"{entry.actor} (entry {entry.sequence}, {entry.digest[:12]})"
    )
    if traffic.canary:
        share = f"{traffic.canary_share:.1%}"
        lines.append(f"canary: version {traffic.canary.version}, {share} of the requests")
    return lines + [f"  {reason}" for reason in entry.reasons]


def _change(model_name: str, decide: Decide) -> None:
    from assay.adapters.champions.history import change_champion
    from assay.settings import Settings

    entry = change_champion(Settings(), model_name, decide)
    typer.echo("\n".join(entry_lines(entry)))
