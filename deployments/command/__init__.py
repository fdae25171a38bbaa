"""The `assay` command. Heavy imports happen inside the orders, so that help is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape

from assay.errors import AssayError
from deployments.command.alarms import alarm_orders
from deployments.command.alerts import alert_orders
from deployments.command.answers import ask
from deployments.command.api_key import api_key_orders
from deployments.command.champions import (
    inventory,
    resume,
    rollback,
    stop,
    who_was_live,
)
from deployments.command.contracts import contract_orders
from deployments.command.ledger import ledger_orders
from deployments.command.platform import down, status, up
from deployments.command.reasons import reasons_orders
from deployments.command.registry import models
from deployments.command.run import run
from deployments.command.signing import export, key_orders, sign

ANY_PARAMETER = {"allow_extra_args": True, "ignore_unknown_options": True}


def command() -> typer.Typer:
    """Return the whole command line."""
    app = typer.Typer(
        name="assay",
        help="From nightly data to a champion that is measured and served.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.command(context_settings=ANY_PARAMETER)(run)
    app.add_typer(api_key_orders(), name="api-key")
    app.add_typer(contract_orders(), name="contract")
    app.add_typer(ledger_orders(), name="ledger")
    app.add_typer(alarm_orders(), name="alarms")
    app.add_typer(alert_orders(), name="alerts")
    app.add_typer(reasons_orders(), name="reasons")
    app.add_typer(key_orders(), name="keys")
    champion: tuple[Callable[..., None], ...]
    champion = (models, inventory, who_was_live, sign, rollback, stop, resume)
    champion = (*champion, export)
    for order in (*champion, ask, up, status, down):
        app.command()(order)
    return app


def main() -> None:
    """Entry point: one red line and exit code 1 for what Assay raises on purpose."""
    try:
        command()()
    except AssayError as error:
        errors = Console(stderr=True)
        errors.print(
            f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
