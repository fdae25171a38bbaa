"""What a request broke: each wrong field with what was given and what is allowed."""

from __future__ import annotations

import math
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from assay.contract import Contract, Field
from assay.contract.request import requested_fields
from serving.problems import Problem

MOST_LISTED = 1_000
MOST_SHOWN_CHARACTERS = 100

_RULES = {
    "missing": "missing",
    "missing_text": "missing",
    "extra_forbidden": "unknown_field",
    "finite_number": "not_finite",
    "greater_than_equal": "below_minimum",
    "less_than_equal": "above_maximum",
    "literal_error": "unknown_category",
    "too_long": "too_many_rows",
    "too_short": "too_few_rows",
    "model_type": "not_an_object",
    "list_type": "not_a_list",
    "float_type": "not_a_number",
    "bool_type": "not_a_boolean",
    "string_type": "not_text",
    "string_too_long": "above_maximum",
}
"""Pydantic's names of broken rules by the quality gate's, where it has one."""


def refusal(
    error: ValidationError, contract: Contract, *, in_batch: bool = False
) -> Problem:
    """Return the problem of a body that did not validate.

    Every wrong field is listed, up to `MOST_LISTED`; ``n_errors`` counts all. The
    values are echoed to their sender and must not be logged.
    """
    found = error.errors(include_url=False)
    if found[0]["type"] == "json_invalid":
        where = found[0].get("ctx", {}).get("error", "")
        return Problem(400, f"the body is not JSON: {where}; send one JSON object")
    entries = [_entry(one, contract, in_batch) for one in found[:MOST_LISTED]]
    names = ", ".join(dict.fromkeys(str(entry["field"]) for entry in entries[:10]))
    detail = (
        f"{len(found)} values break the contract of {contract.name!r} ({names}); correct "
        "what 'errors' lists and send the request again"
    )
    members = {"model": contract.name, "n_errors": len(found), "errors": entries}
    return Problem(422, detail, members)


def allowed(field: Field) -> str:
    """Return in words what a request may give for a field."""
    unit = f" {field.unit}" if field.unit else ""
    if field.is_numeric:
        kind = "a whole number" if field.dtype == "integer" else "a number"
        bounds = {
            (True, True): f" from {_plain(field.minimum)} to {_plain(field.maximum)}",
            (True, False): f" of at least {_plain(field.minimum)}",
            (False, True): f" of at most {_plain(field.maximum)}",
            (False, False): "",
        }[field.minimum is not None, field.maximum is not None]
        text = f"{kind}{bounds}{unit}"
    elif field.dtype == "category":
        listed = ", ".join(repr(value) for value in field.categories)
        text = f"one of {listed}{unit}"
        if field.unseen == "allow":
            text += ", or another text that is not empty"
    elif field.is_free_text:
        text = f"a text of 1 to {_plain(field.maximum)} characters"
    else:
        text = {
            "boolean": "true or false",
            "timestamp": "an ISO 8601 time such as 2026-11-20T14:30:00Z",
        }.get(field.dtype, "a text")
    return f"{text}; may be null" if field.nulls == "allow" else text


def _entry(error: ErrorDetails, contract: Contract, in_batch: bool) -> dict[str, Any]:
    path = error["loc"]
    entry: dict[str, Any] = {}
    if in_batch and len(path) > 1:
        entry["row"] = path[1]
        path = path[2:]
    elif in_batch and path != ("rows",):
        return {
            "field": str(path[0])[:MOST_SHOWN_CHARACTERS] if path else "body",
            "rule": _rule(error, None),
            "allowed": _allowed("", None, contract),
        }
    name = str(path[0])[:MOST_SHOWN_CHARACTERS] if path else "body"
    field = None if in_batch and not entry else _field(contract, name)
    rule = _rule(error, field)
    entry |= {"field": name, "rule": rule}
    if error["type"] != "missing":
        entry["given"] = _shown(error["input"])
    context = error.get("ctx", {})
    bound = context.get("ge", context.get("le", context.get("max_length")))
    if bound is not None:
        entry["bound"] = bound
    entry["allowed"] = _allowed(rule, field, contract)
    return entry


def _field(contract: Contract, name: str) -> Field | None:
    return next((field for field in contract.fields if field.name == name), None)


def _rule(error: ErrorDetails, field: Field | None) -> str:
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden" and field is not None:
        return f"{field.role}_not_accepted"
    if field is not None and given is None:
        return "missing"
    if field is not None and given == "" and field.has_text_categories:
        return "missing"
    if kind == "literal_error" and not isinstance(given, str):
        return "not_text"
    if kind == "less_than_equal" and field is not None and field.maximum is None:
        return "too_large_integer"
    if kind == "greater_than_equal" and field is not None and field.minimum is None:
        return "too_large_integer"
    return _RULES.get(kind, kind)


def _allowed(rule: str, field: Field | None, contract: Contract) -> str:
    if rule == "unknown_field":
        names = ", ".join(one.name for one in requested_fields(contract))
        return f"these fields: {names}"
    if rule.endswith("_not_accepted") and field is not None:
        return f"nothing: its role is {field.role!r}; leave it out"
    if field is not None:
        return allowed(field)
    if rule == "not_an_object":
        return "a JSON object of the contract's fields"
    return f"a list 'rows' of 1 to {contract.limits.batch_rows} JSON objects"


def _plain(bound: float | None) -> str:
    """Return a bound as a person writes it: 2000000 rather than 2e+06 or 2000000.0."""
    return repr(bound).removesuffix(".0")


def _shown(value: object) -> object:
    """Return what was given, short and fit for JSON."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        # Writing out a long integer is slow, and Python refuses thousands of digits.
        return value if abs(value) < 2**63 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        most = MOST_SHOWN_CHARACTERS
        return value if len(value) <= most else f"{value[:most]}..."
    return "an object" if isinstance(value, dict) else "a list"
