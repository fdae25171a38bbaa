"""``assay api-key new|list|revoke``: who may call the scoring API."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def api_key_orders() -> typer.Typer:
    """Return the orders about API keys."""
    orders = typer.Typer(
        help="Make, list and revoke keys of the scoring API.", no_args_is_help=True
    )
    orders.command()(new)
    orders.command(name="list")(list_keys)
    orders.command()(revoke)
    return orders


def new(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[
        list[str], typer.Option(help="score, explain, read or admin; may be repeated.")
    ],
    days: Annotated[float | None, typer.Option(help="Days until it expires.")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Its own requests a second, by worker.")
    ] = None,
) -> None:
    """Make a key and show it, this once: the file keeps only its hash.

    Running servers take it within a second. To rotate a key, make another, hand it
    over, and revoke the old one.
    """
    from assay.settings import Settings
    from serving.boundary.keys import new_key

    file = Settings().api_keys_file
    typer.echo(new_key(file, name, scope, days=days, rate_per_second=rate))


def list_keys() -> None:
    """Show the keys: whose, what they may, until when. Never the keys themselves."""
    from assay.settings import Settings
    from serving.boundary.keys import read_keys

    table = Table("id", "name", "scopes", "made", "expires", "rate", box=None)
    for key in read_keys(Settings().api_keys_file):
        expires = "never" if key.expires is None else _day(key.expires)
        if key.expires is not None and key.expires <= time.time():
            expires = f"[red]expired {expires}[/]"
        rate = "" if key.rate_per_second is None else f"{key.rate_per_second:g}/s"
        scopes = ", ".join(key.scopes)
        table.add_row(key.key_id, key.name, scopes, key.created[:10], expires, rate)
    Console().print(table)


def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as 'list' shows it.")],
) -> None:
    """Revoke a key. Running servers refuse it within a second."""
    from assay.settings import Settings
    from serving.boundary.keys import revoke_key

    key = revoke_key(Settings().api_keys_file, key_id)
    typer.echo(f"revoked {key.key_id} of {key.name}")


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
