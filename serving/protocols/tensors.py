"""Tensors of the Open Inference Protocol, version 2, in JSON and as raw bytes.

References
----------
KServe, "Open Inference Protocol (V2)", REST, and its extension "Binary Tensor Data".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from assay.contract import Field
from serving.problems import Problem

_NUMPY: Mapping[str, str] = {
    "BOOL": "?",
    **{f"INT{8 * n}": f"<i{n}" for n in (1, 2, 4, 8)},
    **{f"UINT{8 * n}": f"<u{n}" for n in (1, 2, 4, 8)},
    **{f"FP{8 * n}": f"<f{n}" for n in (2, 4, 8)},
}
_NUMBERS = tuple(name for name in _NUMPY if name != "BOOL")


def datatype_of(field: Field) -> str:
    """Return the datatype in which a field is described."""
    if field.dtype == "boolean":
        return "BOOL"
    if field.dtype == "number":
        return "FP64"
    is_code = field.dtype == "category" and not field.has_text_categories
    return "INT64" if is_code or field.dtype == "integer" else "BYTES"


def accepted(field: Field) -> tuple[str, ...]:
    """Return the datatypes in which a field is read: any number is a number."""
    described = datatype_of(field)
    return (described,) if described in ("BOOL", "BYTES") else _NUMBERS


def values_of(tensor: Mapping[str, Any], raw: memoryview | None) -> list[Any]:
    """Return the values of an input of one column; missing ones as None.

    Parameters
    ----------
    tensor : mapping
        The request's entry: ``name``, ``shape``, ``datatype``, and ``data`` in JSON.
    raw : memoryview or None
        The tensor's bytes where it came so. NaN is a missing value.

    Raises
    ------
    Problem
        400 where the entry disagrees with itself.
    """
    name, datatype = str(tensor.get("name", ""))[:80], str(tensor.get("datatype"))
    if datatype != "BYTES" and datatype not in _NUMPY:
        raise bad(f"input {name!r} has the unknown datatype {datatype[:20]!r}")
    n_rows = _column_length(tensor.get("shape"))
    if n_rows is None:
        raise bad(f"input {name!r} needs the shape [n] or [n, 1], n from 1")
    values = _from_json(tensor, name) if raw is None else _from_raw(raw, datatype, name)
    if len(values) != n_rows:
        raise bad(f"input {name!r} says {n_rows} values and holds {len(values)}")
    wrong = [value for value in values if not _fits(value, datatype)]
    if wrong:
        raise bad(f"{len(wrong)} values of input {name!r} are no {datatype}")
    return values


def raw_tensor(datatype: str, values: Sequence[Any]) -> bytes:
    """Return an output's values as raw bytes, little-endian."""
    if datatype != "BYTES":
        return np.asarray(values, dtype=_NUMPY[datatype]).tobytes()
    encoded = [str(value).encode() for value in values]
    return b"".join(struct.pack("<I", len(each)) + each for each in encoded)


def bad(what: str) -> Problem:
    """Return the problem of a request that is no request of the protocol."""
    return Problem(400, f"{what}; see the Open Inference Protocol, version 2")


def _column_length(shape: object) -> int | None:
    """Return n of the shape [n] or [n, 1], or None of any other."""
    if not isinstance(shape, list) or len(shape) not in (1, 2):
        return None
    if any(not isinstance(n, int) or isinstance(n, bool) for n in shape):
        return None
    return shape[0] if shape[0] >= 1 and shape[1:] in ([], [1]) else None


def _from_json(tensor: Mapping[str, Any], name: str) -> list[Any]:
    data = tensor.get("data")
    if not isinstance(data, list):
        raise bad(f"input {name!r} has no list 'data'")
    return [
        value[0] if isinstance(value, list) and len(value) == 1 else value
        for value in data
    ]


def _from_raw(raw: memoryview, datatype: str, name: str) -> list[Any]:
    if datatype == "BYTES":
        return list(_texts(raw, name))
    if len(raw) % np.dtype(_NUMPY[datatype]).itemsize:
        raise bad(f"input {name!r} has {len(raw)} bytes, no whole number of {datatype}")
    found = np.frombuffer(raw, dtype=_NUMPY[datatype]).tolist()
    return [
        None if value != value else value for value in found
    ]  # NaN differs from itself


def _texts(raw: memoryview, name: str) -> Iterator[str]:
    start = 0
    while start < len(raw):
        if start + 4 > len(raw):
            raise bad(f"input {name!r} ends within the length of a text")
        (n_bytes,) = struct.unpack_from("<I", raw, start)
        start += 4
        if start + n_bytes > len(raw):
            raise bad(f"input {name!r} ends within a text")
        try:
            yield str(raw[start : start + n_bytes], "utf-8")
        except UnicodeDecodeError as error:
            raise bad(f"input {name!r} holds a text that is no UTF-8") from error
        start += n_bytes


def _fits(value: object, datatype: str) -> bool:
    if value is None:
        return True
    if datatype == "BYTES":
        return isinstance(value, str)
    if datatype == "BOOL":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float if datatype.startswith("FP") else int)
