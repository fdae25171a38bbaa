"""A table without a contract: what an analyst brings to a causal question."""

from __future__ import annotations

import io
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd

from assay.adapters.sources.files import read_path
from assay.errors import ConfigError, DataError
from assay.simulate.rollout import simulate_rollout

if TYPE_CHECKING:
    from assay.settings import Settings

SIMULATED = "simulate:rollout"


def read_table(spec: str, settings: Settings, rows: str = "") -> pd.DataFrame:
    """Return a table with the types that its values have.

    Parameters
    ----------
    spec : str
        Path of a CSV or Parquet file or of a folder of them,
        ``simulate:rollout?n_branches=60&seed=7``, or ``sql:NAME#SELECT ...`` with a
        name in ``settings.databases``.
    settings : Settings
        Names and URLs of databases.
    rows : str
        Which rows, as comparisons of a column with a value joined by ``and``:
        ``"week < 30 and wave == 1"``. Empty takes all.

    Raises
    ------
    ConfigError
        If the text names no source, or `rows` is no comparison; what is allowed is
        listed.
    SourceError
        If the source is not there or does not deliver.
    DataError
        If what it delivers is no table, or has no rows.
    """
    text = spec.strip()
    kind, colon, rest = text.partition(":")
    if text.partition("?")[0] == SIMULATED:
        frame = _simulated(text.partition("?")[2])
    elif kind == "sql":
        from assay.adapters.sources.sql import read_query

        frame = read_query(rest, settings)
    elif colon and kind.isalpha() and len(kind) > 1 and not Path(text).exists():
        raise ConfigError(
            f"unknown kind of source {kind!r}; allowed: a path of CSV or Parquet, "
            f"{SIMULATED}?n_branches=60&seed=7, sql:NAME#SELECT ..."
        )
    else:
        frame = _typed(read_path(text))
    kept = select_rows(frame, rows)
    if kept.empty:
        raise DataError(
            f"{text!r} holds {len(frame)} rows and none where {rows or 'asked'}; check "
            "the filter"
        )
    return kept


def select_rows(frame: pd.DataFrame, rows: str) -> pd.DataFrame:
    """Return the rows for which every comparison holds.

    Raises
    ------
    ConfigError
        If a part is no comparison of a column with a number or quoted text.
    """
    if not rows.strip():
        return frame
    kept = np.ones(len(frame), dtype=bool)
    for part in re.split(r"\s+and\s+", rows.strip()):
        found = COMPARISON.fullmatch(part)
        if found is None or found["column"] not in frame.columns:
            raise ConfigError(
                f"{part!r} is no comparison of a column with a value; write "
                f"'week < 30 and plan == \"pro\"' with columns of "
                f"{', '.join(map(str, frame.columns))}"
            )
        text = found["text"]
        value = float(found["number"]) if text is None else text
        try:
            kept &= COMPARE[found["sign"]](frame[found["column"]], value).to_numpy(bool)
        except TypeError as error:
            raise ConfigError(f"{part!r} compares text with a number") from error
    return frame.loc[kept].reset_index(drop=True)


COMPARE: dict[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
COMPARISON = re.compile(
    r"(?P<column>\w+)\s*(?P<sign><=|>=|==|!=|<|>)\s*"
    r"(?:(?P<number>[-+]?[\d.]+(?:[eE][-+]?\d+)?)|[\"'](?P<text>[^\"']*)[\"'])"
)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a CSV, which come as text, the types of their values."""
    texts = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and all(isinstance(value, str) for value in frame[name].head(100))
    ]
    if not texts:
        return frame
    page = io.StringIO(frame[texts].to_csv(index=False))
    read = pd.read_csv(page, low_memory=False)
    return frame.assign(**{name: read[name].to_numpy() for name in texts})


def _simulated(query: str) -> pd.DataFrame:
    given = dict(parse_qsl(query, strict_parsing=bool(query)))
    kinds = {
        "n_branches": int, "n_weeks": int, "start": int, "effect": float,
        "trend": float, "seed": int,
    }  # fmt: skip
    unknown = sorted(set(given) - set(kinds))
    if unknown:
        raise ConfigError(
            f"{SIMULATED} has no parameter {', '.join(map(repr, unknown))}; it takes "
            f"{', '.join(kinds)}"
        )
    try:
        values = {name: kinds[name](text) for name, text in given.items()}
    except ValueError as error:
        raise ConfigError(f"a parameter of {SIMULATED} is no number: {error}") from error
    return simulate_rollout(**values)
