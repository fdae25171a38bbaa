"""The Open Inference Protocol, in JSON and raw, against its schema and by hand."""

import asyncio
import json
import struct
from pathlib import Path

import httpx
import jsonschema
import numpy as np
import pytest

from serving.app import create_app

SCHEMAS = json.loads((Path(__file__).parent / "open_inference.json").read_text())
TYPES = {"income": "FP64", "years": "FP64", "n_loans": "INT64", "term": "INT64"}
TYPES |= {"housing": "BYTES", "purpose": "BYTES", "has_account": "BOOL"}


@pytest.fixture
async def client(settings, registry, make_bundle):
    registry.register(1, make_bundle(bias=0.3))
    app = create_app(settings)
    await asyncio.to_thread(app.state.catalogue.refresh)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def conforms(content, name):
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMAS["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(content)


def request_of(rows, **more):
    return {
        "inputs": [
            {
                "name": name,
                "datatype": kind,
                "shape": [len(rows)],
                "data": [row[name] for row in rows],
            }
            for name, kind in TYPES.items()
        ],
        **more,
    }


async def own(client, rows):
    answer = await client.post("/v1/models/tiny/score/batch", json={"rows": rows})
    return answer.json()["scores"]


async def test_supervision_and_metadata_are_as_published(client):
    for path, schema in (
        ("/v2", "metadata_server_response"),
        ("/v2/models/tiny", "metadata_model_response"),
        ("/v2/models/tiny/versions/1", "metadata_model_response"),
    ):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        conforms(answer.json(), schema)
    described = (await client.get("/v2/models/tiny")).json()
    assert {one["name"]: one["datatype"] for one in described["inputs"]} == TYPES
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    ready = (await client.get("/v2/models/tiny/ready")).json()
    assert ready == {"name": "tiny", "ready": True}


async def test_inference_gives_the_decisions_of_our_own_route(client, row):
    rows = [row, {**row, "years": None, "housing": "own"}]
    request = request_of(rows, id="call-7")
    conforms(request, "inference_request")
    answer = await client.post("/v2/models/tiny/infer", json=request)
    content = answer.json()
    assert answer.status_code == 200, answer.text
    conforms(content, "inference_response")
    assert content["id"] == "call-7"
    assert content["model_version"] == "1"
    outputs = {one["name"]: one for one in content["outputs"]}
    scores = await own(client, rows)
    assert outputs["probability"]["data"] == [one["probability"] for one in scores]
    assert outputs["decision"]["data"] == [one["decision"] for one in scores]
    assert outputs["probability"]["shape"] == [2]


async def test_only_the_outputs_that_are_asked_for_come(client, row):
    request = request_of([row], outputs=[{"name": "decision"}])
    answer = await client.post("/v2/models/tiny/versions/1/infer", json=request)
    assert [one["name"] for one in answer.json()["outputs"]] == ["decision"]
    request = request_of([row], outputs=[{"name": "colour"}])
    answer = await client.post("/v2/models/tiny/infer", json=request)
    assert answer.status_code == 400
    conforms(answer.json(), "inference_error_response")


def raw_request(row):
    """Return JSON and bytes of a request whose tensors are all raw."""
    tensors, raw = [], b""
    for name, kind in TYPES.items():
        if kind == "BYTES":
            text = row[name].encode()
            part = struct.pack("<I", len(text)) + text
        else:
            numpy_type = {"FP64": "<f8", "INT64": "<i8", "BOOL": "?"}[kind]
            value = np.nan if row[name] is None else row[name]
            part = np.array([value], dtype=numpy_type).tobytes()
        size = {"binary_data_size": len(part)}
        tensors.append({"name": name, "datatype": kind, "shape": [1], "parameters": size})
        raw += part
    head = {"inputs": tensors, "parameters": {"binary_data_output": True}}
    return json.dumps(head).encode(), raw


async def test_raw_tensors_go_both_ways_and_nan_is_missing(client, row):
    row = {**row, "years": None}
    head, raw = raw_request(row)
    answer = await client.post(
        "/v2/models/tiny/infer",
        content=head + raw,
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status_code == 200, answer.text
    n_json = int(answer.headers["Inference-Header-Content-Length"])
    first = json.loads(answer.content[:n_json])["outputs"][0]
    assert first["parameters"] == {"binary_data_size": 8}
    (probability,) = struct.unpack("<d", answer.content[n_json : n_json + 8])
    (score,) = await own(client, [row])
    assert probability == score["probability"]
    length, text = answer.content[n_json + 8 : n_json + 12], answer.content[n_json + 12 :]
    assert struct.unpack("<I", length) == (len(text),)
    assert text.decode() == score["decision"]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": 3},
        {"inputs": [3]},
        {"inputs": [{"name": "income", "datatype": "FP64", "shape": [1]}]},
        {"inputs": [{"name": "income", "datatype": "FP65", "shape": [1], "data": [1]}]},
        {"inputs": [{"name": "income", "datatype": "FP64", "shape": [2], "data": [1]}]},
        {"inputs": [{"name": "income", "datatype": "FP64", "shape": [-1], "data": [1]}]},
        {
            "inputs": [
                {"name": "income", "datatype": "INT64", "shape": [1], "data": [1.5]}
            ]
        },
        {"inputs": [{"name": "income", "datatype": "FP64", "shape": [1], "data": ["1"]}]},
        {
            "inputs": [
                {"name": "income", "datatype": "FP64", "shape": [1], "data": [True]}
            ]
        },
        {"inputs": [{"name": "housing", "datatype": "FP64", "shape": [1], "data": [1]}]},
        {"outputs": [3]},
        {"parameters": 3},
    ],
)
async def test_what_is_no_request_of_the_protocol_is_a_400(client, row, change):
    request = {**request_of([row]), **change}
    answer = await client.post("/v2/models/tiny/infer", json=request)
    assert answer.status_code == 400, answer.text
    conforms(answer.json(), "inference_error_response")


async def test_a_field_twice_and_uneven_columns_are_refused(client, row):
    request = request_of([row])
    request["inputs"].append(request["inputs"][0])
    assert (await client.post("/v2/models/tiny/infer", json=request)).status_code == 400
    request = request_of([row])
    request["inputs"][0] |= {"shape": [2], "data": [50000, 50000]}
    assert (await client.post("/v2/models/tiny/infer", json=request)).status_code == 400


async def test_what_breaks_the_contract_is_a_422_that_both_sides_read(client, row):
    answer = await client.post("/v2/models/tiny/infer", json=request_of([row] * 4))
    assert answer.status_code == 422
    answer = await client.post(
        "/v2/models/tiny/infer", json=request_of([{**row, "income": 1.0}])
    )
    content = answer.json()
    assert content["error"] == content["detail"]
    assert content["errors"][0]["field"] == "income"
    request = request_of([row])
    request["inputs"][0]["name"] = "age"
    answer = await client.post("/v2/models/tiny/infer", json=request)
    assert answer.json()["errors"][0]["rule"] == "unknown_field"


@pytest.mark.parametrize("length", ["x", "-1", "999999", "3"])
async def test_a_wrong_length_of_the_json_part_is_a_400(client, row, length):
    answer = await client.post(
        "/v2/models/tiny/infer",
        content=json.dumps(request_of([row])),
        headers={"Inference-Header-Content-Length": length},
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("cut", [1, 4, 5, 9])
async def test_raw_bytes_that_end_too_soon_or_go_on_too_long_are_a_400(client, row, cut):
    head, raw = raw_request(row)
    headers = {"Inference-Header-Content-Length": str(len(head))}
    for body in (head + raw[:-cut], head + raw + b"x" * cut):
        answer = await client.post("/v2/models/tiny/infer", content=body, headers=headers)
        assert answer.status_code == 400


async def test_raw_infinity_is_no_missing_value(client, row):
    head, raw = raw_request({**row, "years": float("inf")})
    headers = {"Inference-Header-Content-Length": str(len(head))}
    answer = await client.post(
        "/v2/models/tiny/infer", content=head + raw, headers=headers
    )
    assert answer.status_code == 422
    assert "not finite" in answer.json()["detail"]


async def test_another_version_or_model_is_a_404_with_their_member(client):
    for path in ("/v2/models/tiny/versions/2", "/v2/models/nobody/ready"):
        answer = await client.get(path)
        assert answer.status_code == 404
        conforms(answer.json(), "inference_error_response")
