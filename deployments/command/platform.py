"""``assay up``, ``assay status``, ``assay down``: the same as `make run|status|stop`."""

from __future__ import annotations

import typer


def up() -> None:
    """Start the platform and bring the shipped model to a champion."""
    _order("up")


def status() -> None:
    """Show what runs, since when and where."""
    _order("status")


def down() -> None:
    """End every process of the platform."""
    _order("down")


def _order(name: str) -> None:
    from deployments.platform.__main__ import main

    raise typer.Exit(main([name]))
