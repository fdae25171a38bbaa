"""A span a request, the caller's child, with labels and nothing of the body."""

import asyncio

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assay.errors import ConfigError
from serving.app import create_app
from serving.boundary.places import Places
from serving.boundary.traces import Traced, tracer_provider

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
async def client(settings, registry, make_bundle, spans):
    registry.register(1, make_bundle())
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    app = create_app(settings)
    await asyncio.to_thread(app.state.catalogue.refresh)
    traced = Traced(app, provider, Places("tiny"))
    transport = httpx.ASGITransport(app=traced)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made
    provider.shutdown()


async def test_a_request_is_a_span_under_the_callers(client, spans, row):
    body = {**row, "case number": "PERSON-4711"}
    answer = await client.post(
        "/predict?q=PERSON", json=body, headers={"traceparent": PARENT}
    )
    assert answer.status_code == 200
    (span,) = spans.get_finished_spans()
    assert span.name == "POST score"
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{span.parent.span_id:016x}" == PARENT.split("-")[2]
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["assay.model"] == "tiny"
    assert "PERSON" not in span.to_json()


async def test_a_refusal_is_no_error_of_the_service_and_a_503_is(client, spans):
    await client.post("/predict", json={})
    await client.post("/v1/models/tiny/score", content=b"{")
    assert [span.status.is_ok for span in spans.get_finished_spans()] == [True, True]


def test_a_setting_that_nothing_can_carry_out_stops_the_start(settings):
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    with pytest.raises(ConfigError, match="opentelemetry-exporter-otlp-proto-http"):
        tracer_provider()
    with pytest.raises(ConfigError, match="ASSAY_API_TRACES"):
        create_app(settings.model_copy(update={"api_traces": True}))
