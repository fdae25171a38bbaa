"""How the state of the services is shown: a live table, or a line a change in a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

STYLES = {
    "healthy": "green",
    "unchanged": "green",
    "starting": "yellow",
    "waiting": "dim",
    "failed": "bold red",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One service as a person sees it; `seconds` since it was started by this call."""

    title: str
    state: str
    seconds: float
    address: str


class Display:
    """Shows rows; call `show` as often as you like."""

    def __init__(self, console: Console, live: Live | None = None) -> None:
        self._console = console
        self._live = live
        self._shown: dict[str, str] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Show the present state of every service."""
        if self._live is not None:
            self._live.update(table_of(rows))
            return
        for row in rows:
            if self._shown.get(row.title) != row.state and row.state != "waiting":
                after = f" after {row.seconds:.0f} s" if row.state == "healthy" else ""
                where = f"  {row.address}" if STYLES.get(row.state) == "green" else ""
                self._console.print(
                    f"{row.title}: {row.state}{after}{where}",
                    highlight=False,
                    soft_wrap=True,
                )
            self._shown[row.title] = row.state


@contextmanager
def display_on(console: Console) -> Iterator[Display]:
    """Give a display: live on a terminal, plain lines elsewhere."""
    if not console.is_terminal:
        yield Display(console)
        return
    with Live(console=console, refresh_per_second=8) as live:
        yield Display(console, live)


def table_of(rows: Sequence[Row], pids: Sequence[int | None] = ()) -> Table:
    """Return the table of all services, with their pids where these are given."""
    table = Table(box=None, pad_edge=False)
    headings = ["service", "state", "seconds", "where", *(["pid"] if pids else [])]
    for heading in headings:
        is_number = heading in {"seconds", "pid"}
        table.add_column(
            heading, justify="right" if is_number else "left", overflow="fold"
        )
    for position, row in enumerate(rows):
        style = STYLES.get(row.state, "")
        state = f"[{style}]{row.state}[/]" if style else row.state
        cells = [row.title, state, f"{row.seconds:.0f}", row.address]
        table.add_row(*cells, *([str(pids[position] or "")] if pids else []))
    return table
