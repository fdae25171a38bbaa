"""Read a contract from TOML; a wrong one is refused with its line and what is allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from assay.contract.model import Contract
from assay.errors import ContractError, RegistryError

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?")
_KEY = re.compile(r"^\s*\"?([A-Za-z0-9_\-]+)\"?(?:\.[A-Za-z0-9_\-.]+)?\s*=")


def read_contract(source: Path | str) -> Contract:
    """Return the contract in a file, or in a text.

    Parameters
    ----------
    source : Path or str
        A path is read as a file; a text is the TOML itself.

    Raises
    ------
    ContractError
        If the file is not there, is not TOML or breaks a rule. Every broken rule is
        listed with its line.
    """
    where = str(source) if isinstance(source, Path) else "contract"
    text = _text_of(source) if isinstance(source, Path) else source
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{where} is not TOML: {error}") from error
    try:
        return Contract.model_validate(_tuples(content))
    except ValidationError as error:
        lines = _line_numbers(text)
        found = [_explained(one, lines, where) for one in error.errors()]
        raise ContractError("\n".join(found)) from error


def contract_names(folder: Path) -> list[str]:
    """Return the names of the models that have a contract in `folder`, sorted."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def contract_path(model_name: str, folder: Path) -> Path:
    """Return the file of a model's contract.

    Raises
    ------
    RegistryError
        If `folder` has no contract of that name; those it has are listed.
    """
    known = contract_names(folder)
    if model_name not in known:
        raise RegistryError(
            f"no contract for model {model_name!r} in {folder}; there are: "
            f"{', '.join(known) or 'none'}. Draft one with "
            f"'assay contract draft FILE --label COLUMN --name {model_name}'"
        )
    return folder / f"{model_name}.toml"


def find_contract(model_name: str, folder: Path) -> Contract:
    """Return the contract of `model_name`, which must be the name of its file too.

    Raises
    ------
    RegistryError
        If `folder` has no contract of that name; those it has are listed.
    ContractError
        If the file is wrong or is about another model.
    """
    path = contract_path(model_name, folder)
    contract = read_contract(path)
    if contract.name != model_name:
        raise ContractError(
            f"{path} is about {contract.name!r}; its name and its file's must agree"
        )
    return contract


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot read the contract {path}: {error}") from error


def _tuples(value: object) -> object:
    """Return TOML's lists as tuples, which strict validation asks for."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def _line_numbers(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the line of every table and key; a table of an array has its index."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2]
            table = tuple(name.split("."))
            if header[1] == "[[":
                index = counts[name] = counts.get(name, -1) + 1
                table = (*table, index)
            lines[table] = number
        elif key := _KEY.match(line):
            lines[(*table, key[1])] = number
    return lines


def _explained(
    error: ErrorDetails, lines: dict[tuple[str | int, ...], int], where: str
) -> str:
    """Return one broken rule as ``file:line: path: what is wrong``."""
    path = tuple(error["loc"])
    known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in lines), None)
    line = f":{lines[known]}" if known else ""
    name = ".".join(str(part) for part in path) or "contract"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        message = "is missing and required"
    elif error["type"] == "extra_forbidden":
        message = "is not a key of a contract; see docs/contract.md for those allowed"
    shown = "" if error["type"] in ("missing", "value_error") else _shown(error["input"])
    return f"{where}{line}: {name}: {message[:1].lower()}{message[1:]}{shown}"


def _shown(value: object) -> str:
    text = repr(value)
    return f" (got {text if len(text) <= 60 else text[:57] + '...'})"
