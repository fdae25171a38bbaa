"""The request model of a contract: what a caller may send, and nothing else.

Every rule is the contract's. Values are strict: a text is no number, ``true`` is not 1,
NaN and infinity are refused. An integral number such as ``3.0`` is an integer, as it is
in JSON Schema.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    WithJsonSchema,
    create_model,
)
from pydantic import Field as Constrained
from pydantic_core import PydanticCustomError

from assay.contract.field import LARGEST_EXACT_INTEGER, MISSING_TEXTS, Field
from assay.contract.model import Contract

_NO_NUL, _A_WORD = r"^[^\u0000]*$", r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
_FLOAT = Constrained(strict=True, allow_inf_nan=False)


def requested_fields(contract: Contract) -> tuple[Field, ...]:
    """Return the fields that a request may hold: features, identifier, event time."""
    return tuple(
        field
        for field in contract.fields
        if field.role in ("feature", "identifier", "event_time")
    )


def request_model(contract: Contract) -> type[BaseModel]:
    """Return the Pydantic model of one row of a request.

    Features are required unless the contract allows them to be missing; the identifier
    and the event time are optional. A label, a protected field and an unknown key are
    refused. The attribute of the field at position i of `requested_fields` is ``f<i>``,
    since a contract's names may be no Python names; its alias is the field's name.

    Parameters
    ----------
    contract : Contract
        The contract of the model that is asked.

    Returns
    -------
    type of BaseModel
        Frozen, strict, nothing unknown. Its JSON schema names fields, units, bounds
        and categories.

    Examples
    --------
    >>> from pathlib import Path
    >>> from assay.contract import read_contract
    >>> contract = read_contract(Path("data/contracts/credit_default.toml"))
    >>> row = request_model(contract)
    >>> sorted(row.model_json_schema()["properties"])[:3]
    ['application_id', 'applied_at', 'channel']
    """
    definitions: dict[str, Any] = {}
    for position, field in enumerate(requested_fields(contract)):
        optional = field.nulls == "allow" or field.role != "feature"
        kind = _kind(field)
        definitions[f"f{position}"] = (
            kind | None if optional else kind,
            Constrained(
                default=None if optional else ...,
                alias=field.name,
                title=field.name,
                description=described(field),
            ),
        )
    name = "".join(word.capitalize() for word in contract.name.split("_"))
    model: type[BaseModel] = create_model(
        f"{name}Row",
        __config__=ConfigDict(extra="forbid", strict=True, frozen=True),
        __doc__=contract.purpose,
        **definitions,
    )
    return model


def row_values(contract: Contract) -> Callable[[BaseModel], dict[str, Any]]:
    """Return a function from a validated row to its values by field name."""
    names = [field.name for field in requested_fields(contract)]
    attributes = [f"f{position}" for position in range(len(names))]

    def values(row: BaseModel) -> dict[str, Any]:
        held = row.__dict__
        return {
            name: held[attribute]
            for name, attribute in zip(names, attributes, strict=True)
        }

    return values


def described(field: Field) -> str:
    """Return a field's description with its unit, for people."""
    text = field.description or field.name
    return f"{text} Unit: {field.unit}." if field.unit else text


def _kind(field: Field) -> Any:  # noqa: ANN401 # a type, made at run time
    """Return the annotation that keeps a field's rules, missing values aside."""
    if field.dtype in ("integer", "number"):
        return _number(field)
    if field.dtype == "boolean":
        return Annotated[bool, Constrained(strict=True)]
    if field.dtype == "category":
        return _words(field) if field.has_text_categories else _codes(field)
    if field.dtype == "timestamp":
        schema = {"type": "string", "format": "date-time"}
        return Annotated[str, AfterValidator(_instant), WithJsonSchema(schema)]
    if field.is_free_text:
        return _free_text(field)
    return Annotated[str, Constrained(strict=True)]


def _free_text(field: Field) -> Any:  # noqa: ANN401 # a type, made at run time
    """Return the type of a text that is read: trimmed, and neither empty nor a gap."""
    most = int(field.maximum or 0)
    missing = {"not": {"enum": sorted(MISSING_TEXTS)}}
    schema = {"type": "string", "maxLength": most, "pattern": _A_WORD, **missing}
    return Annotated[
        str,
        Constrained(strict=True, max_length=most),
        AfterValidator(_word_reader(field)),
        WithJsonSchema(schema),
    ]


def _number(field: Field) -> Any:  # noqa: ANN401 # a type, made at run time
    low, high = field.minimum, field.maximum
    if field.dtype == "number":
        return Annotated[float, _FLOAT, Constrained(ge=low, le=high)]
    limit = float(LARGEST_EXACT_INTEGER)
    low = -limit if low is None else max(low, -limit)
    high = limit if high is None else min(high, limit)
    schema = {"type": "integer", "minimum": low, "maximum": high}
    bounded = Annotated[float, _FLOAT, Constrained(ge=low, le=high)]
    return Annotated[bounded, AfterValidator(_whole), WithJsonSchema(schema)]


def _words(field: Field) -> Any:  # noqa: ANN401 # a type, made at run time
    """Return the type of a category of words; the empty text is a missing value."""
    missing = ("",) if field.nulls == "allow" else ()
    if field.unseen == "refuse":
        return Literal[(*field.categories, *missing)]
    schema: dict[str, Any] = {"type": "string", "examples": list(field.categories)}
    schema["pattern"] = _NO_NUL if missing else _A_WORD
    if not missing:
        schema |= {"not": {"enum": sorted(MISSING_TEXTS)}}
    return Annotated[
        str,
        Constrained(strict=True),
        AfterValidator(_word_reader(field)),
        WithJsonSchema(schema),
    ]


def _word_reader(field: Field) -> Callable[[str], str]:
    """Return a function that reads a word as training does: trimmed, gaps as empty."""
    missing = MISSING_TEXTS - set(field.categories)

    def read(value: str) -> str:
        word = value.strip()
        if "\x00" in word:  # a graph would read no further than that
            raise PydanticCustomError("not_text", "holds a NUL character")
        if word not in missing:
            return word
        if field.nulls == "refuse":
            raise PydanticCustomError("missing_text", "stands for a missing value")
        return ""

    return read


def _codes(field: Field) -> Any:  # noqa: ANN401 # a type, made at run time
    codes = frozenset(field.categories)

    def known(value: float) -> float:
        if value not in codes:
            raise PydanticCustomError("unknown_category", "is not a category")
        return value

    schema = {"type": "integer", "enum": list(field.categories)}
    return Annotated[float, _FLOAT, AfterValidator(known), WithJsonSchema(schema)]


def _whole(value: float) -> float:
    if not value.is_integer():
        raise PydanticCustomError("not_an_integer", "is not a whole number")
    return value


def _instant(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("not_a_time", "is no ISO 8601 time") from error
    if value[4] != "-" or not value[5:7].isdigit():  # 20260101 and 2026-W01 read too
        raise PydanticCustomError("not_a_time", "has no date with dashes")
    return value
