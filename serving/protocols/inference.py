"""Requests and answers of the Open Inference Protocol, version 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from assay.contract.request import requested_fields
from serving.champion import Champion
from serving.problems import Problem
from serving.protocols.own import Decisions, Row, parsed_json
from serving.protocols.tensors import accepted, bad, datatype_of, raw_tensor, values_of

LENGTH_HEADER = "inference-header-content-length"
PLATFORM = "assay_onnx"
_HEAD = ("bundle_digest", "request_id", "threshold", "role")
OUTPUTS = {"probability": "FP64", "decision": "BYTES", "reasons": "BYTES"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for inference.

    Attributes
    ----------
    request_id : str
        The caller's own ``id``, given back; empty where there is none.
    rows : list of mapping
        What to decide on.
    outputs : mapping of str to bool
        Outputs that are wanted, and whether as raw bytes.
    """

    request_id: str
    rows: list[Row]
    outputs: Mapping[str, bool]


def metadata(champion: Champion) -> dict[str, Any]:
    """Return a model's metadata: one input a feature, shape [n]."""
    return {
        "name": champion.model_name,
        "versions": [champion.version],
        "platform": PLATFORM,
        "inputs": [
            {"name": field.name, "datatype": datatype_of(field), "shape": [-1]}
            for field in champion.contract.features
        ],
        "outputs": [
            {"name": name, "datatype": OUTPUTS[name], "shape": [-1]}
            for name in output_names(champion)
        ],
    }


def output_names(champion: Champion) -> list[str]:
    """Return the outputs of a version; reasons only where it gives any."""
    return [name for name in OUTPUTS if name != "reasons" or champion.gives_reasons]


def read_request(champion: Champion, body: bytes, json_length: str | None) -> Asked:
    """Return what a request asks.

    Parameters
    ----------
    champion : Champion
        Who answers.
    body : bytes
        JSON, and behind it the bytes of raw tensors.
    json_length : str or None
        The header that says where JSON ends; None where all of it is JSON.

    Raises
    ------
    Problem
        400 where it is no request of the protocol, 422 where it names an input that is
        no field of the contract.
    """
    n_json = _json_bytes(json_length, len(body))
    content = parsed_json(body[:n_json])
    inputs = content.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise bad("the request has no list 'inputs'")
    columns: dict[str, list[Any]] = {}
    rest = memoryview(body)[n_json:]
    for tensor in inputs:
        if not isinstance(tensor, dict):
            raise bad("an input is no object")
        raw, rest = _raw_part(tensor, rest)
        name = _checked_name(champion, tensor, columns)
        columns[name] = values_of(tensor, raw)
    if len(rest):
        raise bad(f"{len(rest)} bytes behind the last input belong to none")
    if len({len(values) for values in columns.values()}) != 1:
        raise bad("the inputs have different numbers of rows")
    rows = zip(*columns.values(), strict=True)
    return Asked(
        request_id=str(content.get("id", ""))[:128],
        rows=[dict(zip(columns, row, strict=True)) for row in rows],
        outputs=_wanted(champion, content),
    )


def answer(champion: Champion, asked: Asked, made: Decisions) -> tuple[bytes, int | None]:
    """Return the answer's bytes, and where its JSON ends if raw bytes follow."""
    columns = {
        "probability": [score["probability"] for score in made.scores],
        "decision": [score["decision"] for score in made.scores],
        "reasons": [
            orjson.dumps(score.get("reasons", [])).decode() for score in made.scores
        ],
    }
    n_rows = len(made.scores)
    outputs: list[dict[str, Any]] = []
    raw_parts: list[bytes] = []
    for name, is_raw in asked.outputs.items():
        output: dict[str, Any] = {
            "name": name,
            "datatype": OUTPUTS[name],
            "shape": [n_rows],
        }
        if is_raw:
            raw_parts.append(raw_tensor(OUTPUTS[name], columns[name]))
            output["parameters"] = {"binary_data_size": len(raw_parts[-1])}
        else:
            output["data"] = columns[name]
        outputs.append(output)
    content: dict[str, Any] = {
        "model_name": champion.model_name,
        "model_version": champion.version,
        "parameters": {name: made.head[name] for name in _HEAD} | _tried(made),
        "outputs": outputs,
    }
    if asked.request_id:
        content["id"] = asked.request_id
    head = orjson.dumps(content)
    return b"".join([head, *raw_parts]), len(head) if raw_parts else None


def _tried(made: Decisions) -> dict[str, Any]:
    """Return which rows, from 0, the canary answered; nothing where it answered none."""
    rows = [n for n, score in enumerate(made.scores) if score.get("role") == "canary"]
    if not rows:
        return {}
    version = str(made.scores[rows[0]]["version"])
    return {"canary_rows": ",".join(map(str, rows)), "canary_version": version}


def _json_bytes(json_length: str | None, n_bytes: int) -> int:
    if json_length is None:
        return n_bytes
    if not json_length.isdecimal() or int(json_length[:12]) > n_bytes:
        raise bad(f"the header {LENGTH_HEADER} is no length within the body")
    return int(json_length)


def _raw_part(
    tensor: Mapping[str, Any], rest: memoryview
) -> tuple[memoryview | None, memoryview]:
    """Return the raw bytes of an input, or None, and what follows them."""
    size = _parameters(tensor).get("binary_data_size")
    if size is None:
        return None, rest
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(rest):
        raise bad("a 'binary_data_size' is no number of bytes that the body has")
    return rest[:size], rest[size:]


def _checked_name(
    champion: Champion, tensor: Mapping[str, Any], seen: Mapping[str, object]
) -> str:
    name = str(tensor.get("name", ""))
    fields = {field.name: field for field in requested_fields(champion.contract)}
    if name not in fields:
        entry = {
            "row": 0,
            "field": name[:100],
            "rule": "unknown_field",
            "allowed": f"these fields: {', '.join(fields)}",
        }
        members = {"model": champion.model_name, "n_errors": 1, "errors": [entry]}
        raise Problem(422, f"input {name[:80]!r} is no field of the contract", members)
    if name in seen:
        raise bad(f"input {name!r} is there twice")
    may = accepted(fields[name])
    if tensor.get("datatype") not in may:
        raise bad(
            f"input {name!r} has datatype {str(tensor.get('datatype'))[:20]!r}; it may "
            f"have {', '.join(may)}"
        )
    return name


def _wanted(champion: Champion, content: Mapping[str, Any]) -> dict[str, bool]:
    is_raw = _parameters(content).get("binary_data_output") is True
    asked = content.get("outputs") or []
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise bad("'outputs' is no list of objects")
    if not asked:
        return dict.fromkeys(output_names(champion), is_raw)
    unknown = [one for one in asked if one.get("name") not in output_names(champion)]
    if unknown:
        raise bad(
            f"there is no output {str(unknown[0].get('name'))[:80]!r}; there are "
            f"{', '.join(output_names(champion))}"
        )
    return {
        str(one["name"]): _parameters(one).get("binary_data", is_raw) is True
        for one in asked
    }


def _parameters(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found = content.get("parameters") or {}
    if not isinstance(found, dict):
        raise bad("'parameters' is no object")
    return found
