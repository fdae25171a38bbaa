"""The boundary of the real application: closed where the network can reach it."""

import asyncio
import json

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.app import create_app
from serving.boundary.attach import is_loopback, keys_are_needed
from serving.boundary.keys import new_key


@pytest.fixture
def make(settings, registry, make_bundle):
    """Return a function that makes a client of the application under settings."""
    registry.register(1, make_bundle())

    async def made(**changes):
        app = create_app(settings.model_copy(update=changes))
        await asyncio.to_thread(app.state.catalogue.refresh)
        transport = httpx.ASGITransport(app=app)
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    return made


@pytest.mark.parametrize(
    ("host", "setting", "needed"),
    [
        ("127.0.0.1", "auto", False),
        ("::1", "auto", False),
        ("localhost", "auto", False),
        ("0.0.0.0", "auto", True),  # noqa: S104 # nothing listens
        ("::", "auto", True),
        ("10.0.0.7", "auto", True),
        ("scoring.bank.example", "auto", True),
        ("", "auto", True),
        ("10.0.0.7", "off", False),
        ("127.0.0.1", "on", True),
    ],
)
def test_keys_are_needed_wherever_others_can_reach(settings, host, setting, needed):
    changed = settings.model_copy(update={"host": host, "api_keys": setting})
    assert keys_are_needed(changed) is needed
    assert is_loopback("127.8.9.1")


async def test_on_a_network_only_supervision_is_open(make, settings, row):
    client = await make(host="0.0.0.0")  # noqa: S104 # nothing listens
    for path in ("/live", "/ready", "/health", "/ping", "/docs", "/v2/health/ready"):
        assert (await client.get(path)).status_code == 200, path
    for path in (
        "/v1/models",
        "/v1/models/tiny",
        "/metrics",
        "/openapi.json",
        "/nowhere",
    ):
        assert (await client.get(path)).status_code == 401, path
    refused = await client.post("/predict", json=row)
    assert refused.status_code == 401
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    token = new_key(settings.api_keys_file, "bank", ["score"])
    await asyncio.sleep(1.1)  # the file is looked at once a second
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.post("/predict", json=row, headers=headers)
    assert answer.status_code == 200
    assert (await client.get("/metrics", headers=headers)).status_code == 403


async def test_no_origin_is_allowed_to_read(make, row):
    client = await make()
    origin = {"Origin": "https://elsewhere.example"}
    asked = {**origin, "Access-Control-Request-Method": "POST"}
    answers = [
        await client.post("/predict", json=row, headers=origin),
        await client.options("/predict", headers=asked),
    ]
    assert [one.status_code for one in answers] == [200, 405]
    for answer in answers:
        assert not [name for name in answer.headers if "access-control" in name]


async def test_the_metrics_tell_versions_refused_fields_and_routes(make, row):
    client = await make()
    await client.post("/predict", json=row)
    await client.post("/predict", json={**row, "income": 1, "invented": 2})
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *(v for k, v in sorted(sample.labels.items()) if k != "worker"))
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert ("assay_requests_total", "tiny", "score", "200") in samples
    assert ("assay_requests_total", "tiny", "score", "422") in samples
    assert ("assay_decisions_total", "tiny", "decline", "1") in samples
    assert ("assay_ledger_commit_seconds_count",) in samples
    assert ("assay_refused_values_total", "income", "tiny", "below_minimum") in samples
    assert ("assay_refused_values_total", "unknown", "tiny", "unknown_field") in samples
    assert {one[2] for one in samples if one[0] == "assay_champion_info"} == {"tiny"}
    assert ("assay_registry_reachable",) in samples


async def test_the_bodys_limit_is_one_for_every_route(make, row):
    client = await make(api_body_bytes=1024)
    for path in ("/predict", "/invocations", "/v2/models/tiny/infer", "/nowhere"):
        answer = await client.post(path, json={**row, "case number": "x" * 2000})
        assert answer.status_code == 413, path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_stream_of_rows_may_be_longer_than_a_body(make, row):
    client = await make(api_body_bytes=1024)
    line = json.dumps(row).encode() + b"\n"
    kind = {"Content-Type": "application/x-ndjson"}
    path = "/v1/models/tiny/score/batch"
    answer = await client.post(path, content=line * 20, headers=kind)
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 20
    other = await client.post("/predict", content=line * 20, headers=kind)
    assert other.status_code == 413
