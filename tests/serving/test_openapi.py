"""The description is true: Schemathesis finds no answer that it does not announce."""

import asyncio
import json

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from assay.settings import Settings
from serving.app import create_app
from serving.boundary.guard import Boundary
from serving.boundary.metrics import Metrics
from serving.boundary.places import Places
from serving.openapi import describe
from serving.protocols.own import without_record
from serving.routers.answers import answers_router
from serving.routers.health import health_router
from serving.routers.models import models_router
from serving.routers.operations import operations_router
from serving.routers.protocols import inference_router, mlflow_router
from serving.routers.records import record_routers
from serving.routers.scoring import scoring_router
from serving.scoring.lines import MEDIA_TYPE as LINES
from serving.workers import WorkerBoard
from tests.serving import test_answers
from tests.serving.test_answers import ADLER, NORTHWIND, until

publish = test_answers.publish


@schemathesis.serializer(LINES)
def as_lines(_context, value):
    """Send what Schemathesis makes as it is, where it is text already."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture
def app(settings, registry, make_bundle, publish):
    registry.register(1, make_bundle())
    publish(NORTHWIND, ADLER)
    made = create_app(settings)
    with TestClient(made) as client:  # workers look and the index is followed
        until(lambda: client.get("/ready").status_code == 200)
        until(lambda: made.state.answers.keeper.held is not None)
        yield made


def test_each_served_model_is_described_with_its_fields_and_an_example(app, row):
    document = app.openapi()
    operation = document["paths"]["/v1/models/tiny/score"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["example"] == row
    fields = document["components"]["schemas"]["TinyRow"]["properties"]
    assert fields["income"]["maximum"] == 2000000
    assert fields["term"]["enum"] == [12, 24, 36]
    assert "age" not in fields
    assert "bad" not in fields


def test_every_route_is_described(app, tmp_path):
    board = WorkerBoard(tmp_path)
    described = {
        (path, method.upper())
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    catalogue = app.state.catalogue
    routers = (
        scoring_router(catalogue, app.state.decider, "tiny", 1024),
        models_router(catalogue, "tiny"),
        health_router(catalogue, "tiny"),
        mlflow_router(catalogue, "tiny", without_record),
        inference_router(catalogue, without_record),
        operations_router(catalogue, Boundary(Places("tiny"), Metrics()), board),
        *record_routers(catalogue, Settings()),
        answers_router(Settings()),
    )
    served = {
        (_path(route), method)
        for router in routers
        for route in router.routes
        for method in route.methods - {"HEAD"}
    }
    assert served == described


def _path(route):
    path = route.path.replace("{model}", "tiny").replace("{version}", "1")
    path = path.replace("{name:path}", "{passage_id}").replace("{address}", "{answer_id}")
    return path.replace(":path}", "}")


def test_without_a_champion_only_supervision_is_described(settings):
    app = create_app(settings)
    assert set(describe(app.state.catalogue, "tiny")["paths"]) == {
        "/live",
        "/ready",
        "/v1/models",
        "/metrics",
        "/v1/admin/reload",
        "/v1/answers",
        "/v1/answers/stream",
        "/v1/answers/{answer_id}/feedback",
        "/v1/passages/{passage_id}",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
    }


@pytest.mark.slow
def test_schemathesis_finds_nothing(app):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    n_operations = 0
    for found in schema.get_all_operations():
        n_operations += 1

        @hypothesis_settings(
            max_examples=30,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @schema_given(found.ok())
        def check(case):
            case.call_and_validate(excluded_checks=loose_checks(case.path))

        check()
    assert n_operations >= 9


def loose_checks(path):
    """Return the checks that a protocol of others is too loosely described for."""
    is_theirs = path == "/invocations" or path.endswith("/infer")
    return [positive_data_acceptance] if is_theirs else []


def schema_given(operation):
    from hypothesis import given
    from hypothesis import strategies as st
    from schemathesis import GenerationMode

    return given(
        case=st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            if operation.body
            else st.nothing(),
        )
    )


def test_the_document_is_served(app):
    import httpx

    async def fetch():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return await client.get("/openapi.json"), await client.get("/docs")

    document, page = asyncio.run(fetch())
    assert document.json()["openapi"] == "3.1.0"
    assert "docs/docs.js" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
