"""``assay alarms certify``: how often alarms are false, and how often they are right."""

from __future__ import annotations

from typing import Annotated

import typer


def alarm_orders() -> typer.Typer:
    """Return the orders about alarms."""
    orders = typer.Typer(help="What an alarm is worth.", no_args_is_help=True)
    orders.callback()(_alarms)
    orders.command()(certify)
    return orders


def _alarms() -> None:
    """Keep ``certify`` a word of its own while it is the only order."""


def certify(
    rows: Annotated[
        list[int] | None, typer.Option("--rows", help="Rows of a window; may repeat.")
    ] = None,
    features: Annotated[int, typer.Option(min=1, help="Features watched.")] = 200,
    reference: Annotated[int, typer.Option(min=10, help="Reference rows.")] = 100_000,
    windows: Annotated[int, typer.Option(min=1, help="Windows a size.")] = 10_000,
    level: Annotated[float, typer.Option(min=0.0001, max=0.5, help="Nominal.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Of the windows.")] = 0,
) -> None:
    """Draw windows without drift and with planted shifts; print both tables."""
    from assay.monitoring.alarms.certify import (
        SHIFTS,
        SIZES,
        certificate,
        certify_false_alarms,
        certify_power,
    )

    sizes = rows or list(SIZES)
    shared = {"n_reference": reference, "n_features": features}
    false_alarms = [
        certify_false_alarms(n, n_windows=windows, level=level, seed=seed, **shared)
        for n in sizes
    ]
    fewer = max(windows // 5, 1)
    power = [
        certify_power(n, shift, n_windows=fewer, level=level, seed=seed + 1, **shared)
        for n in sizes
        for shift in SHIFTS
    ]
    typer.echo(certificate(false_alarms, power))
