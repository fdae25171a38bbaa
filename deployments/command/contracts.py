"""``assay contract draft|check|page``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assay.errors import ConfigError, ContractError, SourceError

if TYPE_CHECKING:
    import pandas as pd


def contract_orders() -> typer.Typer:
    """Return the orders about contracts."""
    orders = typer.Typer(help="Draft, check and show contracts.", no_args_is_help=True)
    for order in (draft, check, page):
        orders.command()(order)
    return orders


def draft(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file with the data.")],
    label: Annotated[str, typer.Option(help="Column that is to be learned: 0 or 1.")],
    name: Annotated[
        str, typer.Option(help="Name of the model; the file's if not given.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="File to write; data/contracts/NAME.toml.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Write over an existing contract.")] = False,
) -> None:
    """Write a first contract of a data file, to be read and corrected by a person."""
    from assay.contract.draft import draft_contract
    from assay.settings import Settings

    name = name or re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_")
    out = out or Settings().contracts / f"{name}.toml"
    if out.exists() and not force:
        raise ConfigError(
            f"{out} exists; give another --name or --out, or --force to write over it"
        )
    text = draft_contract(_read(file), label, name)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    Console().print(
        f"{out} written; read it, correct it, then: assay contract check {out}",
        highlight=False,
        soft_wrap=True,
    )


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Contracts; all of them if none is given.")
    ] = None,
) -> None:
    """Say of each contract whether it holds, and of a wrong one which line and why."""
    from assay.contract import read_contract
    from assay.settings import Settings

    files = files or sorted(Settings().contracts.glob("*.toml"))
    good, wrong = Console(), Console(stderr=True)
    n_wrong = 0
    for file in files:
        try:
            contract = read_contract(file)
        except ContractError as error:
            n_wrong += 1
            wrong.print(str(error), style="red", markup=False, soft_wrap=True)
            continue
        good.print(
            f"{file}: {contract.name} revision {contract.revision}, "
            f"{len(contract.fields)} fields, {len(contract.features)} features: ok",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if not files:
        raise ConfigError(f"no contracts in {Settings().contracts}; draft one first")
    if n_wrong:
        raise typer.Exit(1)


def page(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    out: Annotated[
        Path | None, typer.Option(help="File; standard output if none.")
    ] = None,
) -> None:
    """Show a contract as a page for people, in Markdown."""
    from assay.contract import find_contract
    from assay.contract.document import contract_page
    from assay.settings import Settings

    text = contract_page(find_contract(name, Settings().contracts))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text)


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    kind = file.suffix.lower()
    if kind not in {".csv", ".parquet"}:
        raise ConfigError(
            f"{file} ends in {file.suffix!r}; a contract is drafted from .csv or .parquet"
        )
    try:
        frame = pd.read_csv(file) if kind == ".csv" else pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise SourceError(f"{file} cannot be read: {error}") from error
    return frame
