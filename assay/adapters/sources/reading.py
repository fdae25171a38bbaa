"""From a source's text to a frame of received rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pandas as pd

from assay.adapters.sources.downloads import read_openml, read_uci, read_url
from assay.adapters.sources.files import iterate_path, read_path
from assay.adapters.sources.simulations import read_simulation
from assay.adapters.sources.sql import read_sql
from assay.contract.model import Contract
from assay.errors import ConfigError
from assay.settings import Settings

KINDS: dict[str, tuple[str, Callable[[str, Contract, Settings], pd.DataFrame]]] = {
    "simulate": ("simulate:lender?n_applicants=40000&start=2026-01-01", read_simulation),
    "sql": ("sql:NAME#SELECT ...", read_sql),
    "openml": ("openml:ID#sha256=HEX", read_openml),
    "uci": ("uci:ID#sha256=HEX", read_uci),
    "https": ("https://HOST/FILE#sha256=HEX", read_url),
    "http": ("http://127.0.0.1/FILE#sha256=HEX (this machine only)", read_url),
}
"""Every kind of source: how it is written, and what reads it."""


def read_source(
    spec: str, contract: Contract, settings: Settings, as_of: datetime | None = None
) -> pd.DataFrame:
    """Return the rows that a source delivers, unjudged.

    Parameters
    ----------
    spec : str
        ``simulate:lender?...``, ``sql:NAME#SELECT ...``, ``openml:ID#sha256=HEX``,
        ``uci:ID#sha256=HEX``, ``https://...#sha256=HEX``, or the path of a CSV or
        Parquet file or of a folder of them.
    contract : Contract
        The model's contract; the simulation takes the label's maturity from it.
    settings : Settings
        Where databases, downloads and caches are.
    as_of : datetime, optional
        Moment at which a simulated world is looked at, where `spec` does not say it.
        What the outside delivers is what it holds now.

    Returns
    -------
    DataFrame
        All columns as received: a CSV's are text.

    Raises
    ------
    ConfigError
        If the text names no source; what is allowed is listed.
    SourceError
        If the source is not there or does not deliver.
    DataError
        If what it delivers is no table.
    """
    kind, rest = _kind_and_rest(spec)
    if kind == "simulate":
        return read_simulation(rest, contract, settings, as_of)
    return KINDS[kind][1](rest, contract, settings) if kind else read_path(rest)


def iterate_source(
    spec: str, contract: Contract, settings: Settings, *, chunk_rows: int
) -> Iterator[pd.DataFrame]:
    """Give the rows of a source in order, at most `chunk_rows` at a time.

    Files are streamed, so that one larger than memory can be scored; any other source
    is read whole and cut. Parameters and errors are those of `read_source`.
    """
    kind, rest = _kind_and_rest(spec)
    if not kind:
        yield from iterate_path(rest, chunk_rows)
        return
    rows = read_source(spec, contract, settings)
    for start in range(0, len(rows), chunk_rows):
        yield rows.iloc[start : start + chunk_rows].reset_index(drop=True)


def _kind_and_rest(spec: str) -> tuple[str, str]:
    """Return a source's kind, empty for a path, and what its reader takes."""
    text = spec.strip()
    kind, colon, rest = text.partition(":")
    if not text:
        raise ConfigError(f"the source is empty; {_allowed()}")
    if not (colon and kind.isalpha()):
        return "", text
    if kind not in KINDS:
        raise ConfigError(f"unknown kind of source {kind!r}; {_allowed()}")
    return kind, text if kind in ("http", "https") else rest


def _allowed() -> str:
    forms = [form for form, _ in KINDS.values()]
    return f"allowed: a path of CSV or Parquet, {', '.join(forms)}"
