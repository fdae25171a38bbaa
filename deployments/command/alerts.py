"""``assay alerts``: what is open, who has it, what could not be delivered."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

Number = Annotated[int, typer.Argument(help="The alert's number.")]
Note = Annotated[str, typer.Option(help="Why, for those who read it later.")]
By = Annotated[str, typer.Option(help="Who; your user name if none.")]


def alert_orders() -> typer.Typer:
    """Return the orders about alerts; without one the unresolved are listed."""
    orders = typer.Typer(help="See alerts, acknowledge and resolve them.")
    orders.callback(invoke_without_command=True)(unresolved)
    orders.command("list")(listed)
    for order in (show, acknowledge, resolve, dead, revive, deliver):
        orders.command()(order)
    return orders


def unresolved(context: typer.Context) -> None:
    """List alerts that are open or acknowledged, then deliveries that are dead."""
    if context.invoked_subcommand is None:
        listed(state=None, model=None)
        dead()


def listed(
    state: Annotated[
        str | None, typer.Option(help="open, acknowledged or resolved.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="One model only.")] = None,
) -> None:
    """List alerts, newest first; the unresolved where no state is named."""
    from assay.adapters.alerts import alerts
    from assay.settings import Settings

    found = alerts(Settings(), model_name=model)
    table = Table(
        *("alert", "severity", "state", "model", "summary", "owner", "seen", "since"),
        box=None,
        pad_edge=False,
    )
    for one in found:
        if one.state == state or (state is None and one.state != "resolved"):
            table.add_row(
                *(str(one.alert_id), one.severity, one.state, one.model_name),
                *(one.summary, one.owner, f"{one.n_seen}", f"{one.opened_at:%Y-%m-%d}"),
            )
    Console().print(table if table.row_count else "no alerts")


def show(alert: Number) -> None:
    """Show an alert's evidence and everything that was done to it."""
    from assay.adapters.alerts import alerts, history
    from assay.settings import Settings

    settings = Settings()
    entries = history(settings, alert)
    one = next(found for found in alerts(settings) if found.alert_id == alert)
    typer.echo(f"alert {alert}, {one.severity}, {one.state}: {one.summary}")
    for name, value in one.evidence.items():
        typer.echo(f"  {name}: {value}")
    for entry in entries:
        told = f": {entry.note}" if entry.note else ""
        typer.echo(f"{entry.at:%Y-%m-%d %H:%M} {entry.actor} {entry.change}{told}")


def acknowledge(alert: Number, note: Note = "", by: By = "") -> None:
    """Say that you have seen it and look after it."""
    _change(alert, "acknowledged", note, by)


def resolve(alert: Number, note: Note = "", by: By = "") -> None:
    """Say that it is over, and why."""
    _change(alert, "resolved", note, by)


def dead() -> None:
    """List deliveries that were given up, with the last error."""
    from assay.adapters.alerts import deliveries
    from assay.settings import Settings

    for one in deliveries(Settings(), state="dead"):
        typer.echo(
            f"delivery {one.delivery_id}: alert {one.alert_id} to {one.channel} is dead "
            f"after {one.n_tries} tries: {one.error}"
        )


def revive(
    delivery: Annotated[int, typer.Argument(help="The delivery's number.")],
) -> None:
    """Try a dead delivery again, with the next delivery run."""
    from assay.adapters.alerts import revive as revive_delivery
    from assay.settings import Settings

    one = revive_delivery(Settings(), delivery)
    typer.echo(f"delivery {one.delivery_id} to {one.channel} is due")


def deliver() -> None:
    """Send what is due now."""
    from assay.adapters.alerts import deliver_due, read_policy
    from assay.settings import Settings

    settings = Settings()
    policy = read_policy(settings.policies / "alerts.toml")
    channels = settings.alert_channels.items()
    addresses = {name: secret.get_secret_value() for name, secret in channels}
    counts = deliver_due(settings, addresses, policy)
    typer.echo(", ".join(f"{n} {state}" for state, n in counts.items()))


def _change(alert: int, state: str, note: str, by: str) -> None:
    from assay.adapters.alerts import change_state
    from assay.settings import Settings

    actor = by or getpass.getuser()
    one = change_state(
        Settings(),
        alert,
        state,  # type: ignore[arg-type] # a State, checked there
        actor=actor,
        note=note,
    )
    typer.echo(f"alert {one.alert_id} is {one.state}")
