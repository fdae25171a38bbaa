"""A first contract from a table, for a person to correct."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from assay.contract.draft_fields import DraftField, draft_fields
from assay.contract.draft_text import key_value, toml_text
from assay.contract.received import numbers, truths
from assay.errors import ConfigError, DataError

_MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\- ]{0,127}")


def draft_contract(frame: pd.DataFrame, label: str, name: str) -> str:
    """Return a contract, as TOML, that the rows of `frame` keep.

    Parameters
    ----------
    frame : DataFrame
        Any table: text as from a CSV, or typed.
    label : str
        Column of the outcome: 0 and 1, truth values, or yes and no; 1 is bad.
    name : str
        Name of the model: lower case letters, digits and underscores.

    Returns
    -------
    str
        Text that `assay.contract.read_contract` takes. Comments that start with
        ``CHECK`` say what only a person can decide.

    Raises
    ------
    ConfigError
        If the name cannot be a model's.
    DataError
        If the label is not there, has gaps or more than two values, or if no column
        can be a feature.

    Notes
    -----
    Types, bounds, categories and roles are guesses from the values seen: bounds get
    head-room of the range seen, a column with the name of a protected attribute is kept
    out of the model, long texts and constants are ignored.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a model; allowed are lower case letters, "
            "digits and underscores, a letter first, at most 63"
        )
    outcome, dtype = _label(frame, label)
    named = [str(column) for column in frame.columns]
    usable = [c for c in named if _FIELD_NAME.fullmatch(c)]
    fields, unreadable = draft_fields(frame[[c for c in usable if c != label]])
    misnamed = [repr(c) for c in named if c not in usable]
    if not any(field.role == "feature" for field in fields):
        raise DataError(
            f"no column beside {label!r} can be a feature; {len(fields)} were looked at"
        )
    notes = [
        f"# CHECK: left out, {why}: {', '.join(columns)}."
        for why, columns in (
            ("their names cannot be a field's", misnamed),
            ("their values are infinite or of several types", unreadable),
        )
        if columns
    ]
    parts = [_head(name, label, outcome), *notes, *map(_field_text, fields)]
    return "\n\n".join([*parts, _label_text(label, dtype)]) + "\n"


def _label(frame: pd.DataFrame, label: str) -> tuple[np.ndarray, str]:
    """Return the outcome as 0.0 and 1.0, and the dtype of its field."""
    have = [str(column) for column in frame.columns]
    if label not in have:
        raise DataError(
            f"no column {label!r} to be the label; there are: {', '.join(have)}"
        )
    twice = sorted({column for column in have if have.count(column) > 1})
    if twice:
        raise DataError(f"columns that come twice: {', '.join(twice)}; name each once")
    column = frame[label].reset_index(drop=True)
    as_numbers, as_truths = numbers(column), truths(column)
    n_missing = int(as_truths.missing.sum())
    if n_missing:
        raise DataError(
            f"label {label!r} has {n_missing} missing values; draft from rows whose "
            "outcome is known, then set label.maturity_days and nulls by hand"
        )
    for cells, dtype in ((as_numbers, "integer"), (as_truths, "boolean")):
        values = cells.typed.to_numpy(np.float64)
        if len(values) and np.isin(values, (0.0, 1.0)).all():
            if values.min() == values.max():
                raise DataError(f"label {label!r} is {values[0]:g} in every row")
            return values, dtype
    seen = column.astype(str).drop_duplicates()
    raise DataError(
        f"label {label!r} has {len(seen)} values ({', '.join(seen.head(5))}); it must be "
        "0 and 1, true and false, or yes and no, with 1 for the bad outcome. Map it "
        "first, as in frame['label'] = (frame['status'] == 'charged off').astype(int)"
    )


_DECISION = """\
[decision]
name = "CHECK: what is decided"
positive_action = "decline"
negative_action = "accept"

[decision.costs]
# CHECK: a threshold is only as good as these. Refusing one good case costs 1, accepting
# a bad one 5: replace both by money.
unit = "units per case"
true_positive = 0
false_positive = 1
true_negative = 0
false_negative = 5
"""
_LIMITS = """\
[limits]
psi = 0.2
ks = 0.1
out_of_contract_share = 0.02
batch_rows = 1000"""


def _head(name: str, label: str, outcome: np.ndarray) -> str:
    n_rows, n_bad = len(outcome), int(outcome.sum())
    min_rows = int(np.clip(n_rows // 2, 50, 1_000))
    min_positives = int(np.clip(min(n_bad, n_rows - n_bad) // 2, 5, 100))
    return f"""\
# Drafted from {n_rows} rows, {n_bad} of them bad ({n_bad / n_rows:.1%}). Lines with
# CHECK say what only a person can decide. docs/contract.md explains every key.
name = {toml_text(name)}
revision = 1
purpose = "CHECK: the probability of what, for whom, decided when."
owner = "CHECK: the team that answers for this model"

[label]
field = {toml_text(label)}
# CHECK: days from the event until the outcome is known; needs an event_time field.
maturity_days = 0

{_DECISION}
[gates]
max_quarantined_share = 0.05
min_rows = {min_rows}
min_positives = {min_positives}
# CHECK: what the first champion must reach, and what a challenger may at most lose.
floors = {{ auc = 0.6 }}
margins = {{ auc = 0.0, brier = 0.0 }}

{_LIMITS}"""


def _field_text(field: DraftField) -> str:
    lines = [f"# {comment}" for comment in field.comments]
    lines.append("[[field]]")
    for key in (
        "name",
        "dtype",
        "role",
        "minimum",
        "maximum",
        "categories",
        "nulls",
        "unseen",
    ):
        value = getattr(field, key)
        if value not in (None, (), "") and (key, value) not in _DEFAULTS:
            lines.append(key_value(key, value))
    if field.role == "feature":
        lines.append(key_value("reason", f"The value of {field.name}"))
    return "\n".join(lines)


_DEFAULTS = {("role", "feature"), ("nulls", "refuse"), ("unseen", "refuse")}


def _label_text(label: str, dtype: str) -> str:
    bounds = "\nminimum = 0\nmaximum = 1" if dtype == "integer" else ""
    return (
        "# CHECK: 1 must be the bad outcome.\n[[field]]\n"
        f'name = {toml_text(label)}\ndtype = {toml_text(dtype)}\nrole = "label"{bounds}'
    )
