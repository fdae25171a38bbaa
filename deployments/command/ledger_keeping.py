"""``assay ledger ship|hold|release|erase``: the orders about keeping records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

By = Annotated[str, typer.Option(help="Who says so.")]


def keeping_orders(orders: typer.Typer) -> None:
    """Add the orders about keeping to those about the ledger."""
    for order in (ship, hold, release, holds, erase):
        orders.command()(order)


def ship() -> None:
    """Put sealed segments that the archive lacks into it, as Parquet."""
    from assay.adapters.ledger.archive import archive_of
    from assay.ledger.archive import seal_abandoned, sealed_segments, ship_segments
    from assay.settings import Settings

    for each in seal_abandoned(_ledger())[1]:
        typer.echo(f"not sealed: {each}", err=True)
    n_shipped = ship_segments(sealed_segments(_ledger()), archive_of(Settings()))
    typer.echo(f"{n_shipped} segments shipped")


def hold(
    name: Annotated[str, typer.Argument(help="Name of the hold.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: By,
    subject: Annotated[str, typer.Option(help="The person, as callers name them.")] = "",
    request_id: Annotated[str, typer.Option(help="One request.")] = "",
    model: Annotated[str, typer.Option(help="One model.")] = "",
    start: Annotated[str, typer.Option("--from", help="First time.")] = "",
    end: Annotated[str, typer.Option("--to", help="Time behind the last.")] = "",
) -> None:
    """Place a legal hold: what agrees with all that is given is kept."""
    from assay.ledger.retention import Hold, place_hold

    who = _pseudonym(subject) if subject else ""
    place_hold(_ledger(), Hold(name, reason, by, who, request_id, model, start, end))
    typer.echo(f"hold {name} is active")


def release(
    name: Annotated[str, typer.Argument(help="Name of the hold.")], by: By
) -> None:
    """End a legal hold."""
    from assay.ledger.retention import release_hold

    release_hold(_ledger(), name, by=by)
    typer.echo(f"hold {name} is released")


def holds() -> None:
    """List the holds that are active."""
    from assay.ledger.retention import active_holds

    for each in active_holds(_ledger()):
        parts = (each.subject, each.request_id, each.model, each.start, each.end)
        scope = ", ".join(part for part in parts if part) or "every record"
        typer.echo(f"{each.name}: {scope}; {each.reason} ({each.by})")


def erase(
    subject: Annotated[str, typer.Argument(help="The person, as callers name them.")],
) -> None:
    """Ask that a person be erased, and do it now if neither hold nor retention forbids.

    Otherwise the flow retain-ledger does it when it may.
    """
    from datetime import UTC, datetime

    from assay.ledger.privacy import KeyStore
    from assay.ledger.retention import erase_due, request_erasure, retention_profiles
    from assay.settings import Settings

    settings, name = Settings(), _pseudonym(subject)
    request_erasure(_ledger(), name)
    store = KeyStore(settings.ledger_keys_folder)
    profiles = retention_profiles(settings.ledger_retention)
    for each in erase_due(_ledger(), store, profiles, datetime.now(UTC)):
        if each.subject == name:
            said = f"{each.n_keys} keys destroyed" if each.is_done else each.why
            typer.echo(f"{name}: {each.n_records} records, {said}")


def _ledger() -> Path:
    from assay.errors import LedgerError
    from assay.settings import Settings

    folder = Settings().ledger_folder
    if not (folder / "streams").is_dir():
        raise LedgerError(f"no ledger in {folder}; set ASSAY_LEDGER or ASSAY_HOME")
    return folder


def _pseudonym(subject: str) -> str:
    from assay.ledger.privacy import KeyStore, pseudonym
    from assay.settings import Settings

    return pseudonym(KeyStore(Settings().ledger_keys_folder).secret(), subject)
