"""``assay ledger verify|checkpoint|prove|show|export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from deployments.command.ledger_keeping import keeping_orders

Folder = Annotated[
    Path | None, typer.Option(help="Folder of the ledger; ASSAY_HOME/ledger if none.")
]
Copies = Annotated[
    Path | None, typer.Option(help="Second place, with copies of the checkpoints.")
]
Name = Annotated[str, typer.Argument(help="Request id, or stream:sequence.")]


def ledger_orders() -> typer.Typer:
    """Return the orders about the ledger."""
    orders = typer.Typer(
        help="Verify, sign, prove, show and export decisions.", no_args_is_help=True
    )
    for order in (verify, checkpoint, prove, show, export):
        orders.command()(order)
    keeping_orders(orders)
    return orders


def verify(
    folder: Folder = None,
    key: Annotated[
        Path | None,
        typer.Option(help="Public key; ASSAY_HOME/keys/platform.pub if none."),
    ] = None,
    copies: Copies = None,
) -> None:
    """Check every byte against chains and checkpoints; name what is wrong and where."""
    from assay.ledger.signing import read_public
    from assay.ledger.standalone import verify_ledger

    public = read_public(key or _key_file().with_suffix(".pub"))
    seen = verify_ledger(_present(folder), public, copies)
    console = Console()
    if seen.findings:
        table = Table("finding", "where", "records", "what", box=None, pad_edge=False)
        for each in seen.findings:
            span = f"{each.first}" + (
                f" to {each.last}" if each.last > each.first else ""
            )
            style = "red" if each.is_damage else "yellow"
            table.add_row(each.kind, each.where, span, each.detail, style=style)
        console.print(table)
    console.print(
        f"{seen.n_records} records, {seen.n_covered} under {seen.n_checkpoints} "
        f"checkpoints: {'[green]ok[/]' if seen.passed else '[red]damaged[/]'}",
        highlight=False,
    )
    if not seen.passed:
        raise typer.Exit(1)


def checkpoint(folder: Folder = None, copies: Copies = None) -> None:
    """Sign everything that the streams hold; the first time, make the key."""
    from assay.ledger.checkpoint import write_checkpoint
    from assay.ledger.signing import signing_key
    from assay.settings import Settings

    copies = copies or Settings().ledger_copies_folder
    made = write_checkpoint(_present(folder), signing_key(_key_file()), copies=copies)
    typer.echo(f"checkpoint {made.number}: {made.size} records, root {made.root}")


def prove(
    name: Name,
    folder: Folder = None,
    out: Annotated[
        Path | None, typer.Option(help="File; standard output if none.")
    ] = None,
) -> None:
    """Make a proof that a record is under the last checkpoint.

    Anyone who has the public key checks it with assay/ledger/standalone.py alone.
    """
    from assay.ledger.reading import prove as proof_of

    text = orjson.dumps(proof_of(_present(folder), name)).decode()
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n")


def show(name: Name, folder: Folder = None) -> None:
    """Show one record as it was written."""
    from assay.ledger.reading import find_record

    record = orjson.loads(find_record(_present(folder), name).body)
    typer.echo(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode())


def export(
    start: Annotated[str, typer.Option("--from", help="First time, e.g. 2026-11-21.")],
    end: Annotated[str, typer.Option("--to", help="Time behind the last.")],
    out: Annotated[Path, typer.Option(help="File of JSON lines to write.")],
    folder: Folder = None,
) -> None:
    """Write the records of a span of time, of all streams, as JSON lines."""
    from assay.ledger.reading import records_between

    n_records = 0
    with out.open("wb") as file:
        for record in records_between(_present(folder), start, end):
            file.write(record)
            n_records += 1
    typer.echo(f"{n_records} records written to {out}")


def _present(folder: Path | None) -> Path:
    from assay.errors import LedgerError
    from assay.settings import Settings

    folder = folder or Settings().ledger_folder
    if not (folder / "streams").is_dir():
        raise LedgerError(f"no ledger in {folder}; name one with --folder")
    return folder


def _key_file() -> Path:
    from assay.settings import Settings

    return Settings().ledger_signing_key
