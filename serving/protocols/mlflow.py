"""The bodies of MLflow's scoring protocol: JSON in four shapes, and CSV.

References
----------
MLflow, "Deploy MLflow Model as a Local Inference Server", section "Inference Server
Specification" (3.x).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from typing import Any

from assay.contract import Contract, Field
from assay.contract.request import requested_fields
from serving.problems import Problem
from serving.protocols.own import Row, parsed_json

SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def rows_of_json(body: bytes) -> list[Row]:
    """Return the rows of a JSON body in one of the four shapes.

    Raises
    ------
    Problem
        400 where it is no JSON object, 422 where it has not one of the shapes.
    """
    content = parsed_json(body)
    given = [shape for shape in SHAPES if shape in content]
    unknown = sorted(set(content) - {*SHAPES, "params"})
    if len(given) != 1 or unknown:
        raise _shapeless(
            f"it holds {', '.join(repr(name[:40]) for name in content) or 'nothing'}"
        )
    if content.get("params"):
        raise Problem(422, "'params' must be empty: a decision has no parameters")
    shape = given[0]
    return _READERS[shape](content[shape])


def rows_of_csv(body: bytes, contract: Contract) -> list[Row]:
    """Return the rows of a CSV body with a header; an empty cell is a missing value.

    A cell is read by its field's type in the contract; what does not read stays text
    and is refused by the contract like any other wrong value.

    Raises
    ------
    Problem
        400 where it is no CSV with a header and rows as long as it.
    """
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, f"the body is no CSV in UTF-8: {error}") from error
    header, *cells = [line for line in lines if line] or [[]]
    if not header or len(set(header)) != len(header):
        raise Problem(400, "the first line of the CSV must name each field once")
    uneven = [n for n, line in enumerate(cells, 2) if len(line) != len(header)]
    if uneven:
        raise Problem(
            400,
            f"{len(uneven)} lines of the CSV have not the {len(header)} cells of the "
            f"header, the first is line {uneven[0]}",
        )
    fields = {field.name: field for field in requested_fields(contract)}
    return [
        {name: _cell(text, fields.get(name)) for name, text in zip(header, line)}  # noqa: B905 # checked above
        for line in cells
    ]


def _cell(text: str, field: Field | None) -> Any:  # noqa: ANN401 # any kind of value
    if text == "":
        return None
    if field is None:
        return text
    if field.dtype == "boolean":
        return _TRUTH.get(text.strip().lower(), text)
    is_number = field.is_numeric or (
        field.dtype == "category" and not field.has_text_categories
    )
    if not is_number or "_" in text:  # Python alone reads 1_000 as a number
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _split(content: object) -> list[Row]:
    """Return the rows of pandas' orientation ``split``."""
    if not isinstance(content, dict):
        raise _shapeless("'dataframe_split' is no object")
    columns, data = content.get("columns"), content.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        raise _shapeless("'dataframe_split' needs the lists 'columns' and 'data'")
    if len({str(name) for name in columns}) != len(columns):
        raise _shapeless("'columns' names a field twice")
    if any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        raise _shapeless(
            f"a row of 'data' has not the {len(columns)} values of 'columns'"
        )
    return [dict(zip(map(str, columns), row, strict=True)) for row in data]


def _records(content: object) -> list[Row]:
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise _shapeless("it must be a list of objects, one a row")
    return content


def _inputs(content: object) -> list[Row]:
    """Return the rows of a list of objects, of an object of lists, or of one row."""
    if not isinstance(content, dict):
        return _records(content)
    lists = {name: value for name, value in content.items() if isinstance(value, list)}
    if not lists:
        return [content]
    lengths = {len(value) for value in lists.values()}
    if len(lists) != len(content) or len(lengths) != 1:
        raise _shapeless("the lists of 'inputs' must be one a field and equally long")
    names = list(content)
    columns = [[_scalar(value) for value in lists[name]] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _scalar(value: object) -> object:
    """Return the value of a row of one column, which a two-dimensional array has."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _shapeless(what: str) -> Problem:
    return Problem(
        422,
        f"the body has not the shape of MLflow's protocol: {what}; send one of "
        f"{', '.join(SHAPES)}",
    )


_READERS: dict[str, Callable[[object], list[Row]]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _inputs,
    "inputs": _inputs,
}
