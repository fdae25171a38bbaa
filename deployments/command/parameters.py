"""``--name value`` on the command line becomes a flow's parameters, by its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.errors import ConfigError

ALIASES = {"model": "model_name"}
PATHS = ("source", "output", "snapshot_uri")
"""Parameters that may name a file; a relative one is meant from where the caller is."""
HAS_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+._-]+:")


def parse_parameters(
    words: Sequence[str], schema: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return typed parameters of a flow.

    Parameters
    ----------
    words : sequence of str
        As typed: ``--name value``, ``--name=value``, or ``--name`` for true.
    schema : mapping
        The flow's parameter schema, with ``properties``.
    folder : Path
        Where the caller is; relative files are meant from there.

    Raises
    ------
    ConfigError
        If a parameter is unknown or its value is none of the allowed types.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    given: dict[str, Any] = {}
    for typed, text in _pairs(words):
        name = ALIASES.get(typed, typed)
        if name not in properties:
            allowed = ", ".join(f"--{each}" for each in properties)
            raise ConfigError(f"no parameter --{typed}; this flow takes {allowed}")
        if name in given:
            raise ConfigError(f"parameter --{typed} is given twice")
        value = _value(name, text, properties[name])
        is_file = name in PATHS and isinstance(value, str)
        given[name] = _absolute(str(value), folder) if is_file else value
    missing = [name for name in schema.get("required", []) if name not in given]
    if missing:
        raise ConfigError(f"this flow needs {', '.join(f'--{name}' for name in missing)}")
    return given


def without_other_models_data(
    given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the given parameters, with the default model's data switched off.

    A deployment's default source and moment are those of its default model; another
    model reads what the settings name for it.
    """
    model = defaults.get("model_name")
    if given.get("model_name", model) == model and given.get("source") is None:
        return dict(given)
    other = {name: None for name in ("source", "as_of") if name in defaults}
    return {**other, **given}


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise ConfigError(f"{word!r} is no parameter; write --name value")
        name, has_value, text = word[2:].partition("=")
        if not has_value:
            text = "true" if not rest or rest[0].startswith("--") else rest.pop(0)
        pairs.append((name.replace("-", "_"), text))
    return pairs


def _value(name: str, text: str, rule: Mapping[str, Any]) -> object:
    types = _types(rule)
    if "string" in types and not (text == "null" and "null" in types):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        value = text
    found = {_type_of(value)}
    if "integer" in found:
        found.add("number")
    if types and not found & types:
        raise ConfigError(f"--{name} is {text!r}; allowed: {' or '.join(sorted(types))}")
    return value


def _types(rule: Mapping[str, Any]) -> set[str]:
    choices = [rule, *rule.get("anyOf", [])]
    return {choice["type"] for choice in choices if isinstance(choice.get("type"), str)}


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {int: "integer", float: "number", str: "string", list: "array"}
    names |= {dict: "object", type(None): "null"}
    return names[type(value)]


def _absolute(text: str, folder: Path) -> str:
    return text if HAS_SCHEME.match(text) else str((folder / text).resolve())
