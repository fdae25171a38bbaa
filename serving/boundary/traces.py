"""OpenTelemetry: a span a request, where the setting asks for it.

The service needs only the API package; spans go nowhere until opentelemetry-sdk is
installed, and to a collector where an OTLP exporter is too. Their own variables
(``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_SERVICE_NAME``, ...) say where.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.errors import ConfigError
from serving.boundary.places import Places

_SDK = "opentelemetry.sdk.trace"
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class Traced:
    """Make a span of each request, a child of the caller's where it sent one.

    A span holds labels and the request id, and nothing that a caller sent else.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider, places: Places) -> None:
        self._app = app
        self._tracer = provider.get_tracer("assay.serving")
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        place = self._places.find(scope["method"], scope["path"])
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        with self._tracer.start_as_current_span(
            f"{scope['method']} {place.route}",
            context=extract(carrier),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": scope["method"],
                "http.route": place.route,
                "assay.model": place.model,
                "assay.request_id": str(scope.get("state", {}).get("request_id", "")),
            },
        ) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, send_noted)


def tracer_provider() -> TracerProvider:
    """Return the process's provider, made with an OTLP exporter where there is none.

    Raises
    ------
    ConfigError
        If the packages are not installed.
    """
    present = trace.get_tracer_provider()
    if not isinstance(present, trace.ProxyTracerProvider):
        return present
    absent = [name for name in (_SDK, _EXPORTER) if not _is_installed(name)]
    if absent:
        raise ConfigError(
            "ASSAY_API_TRACES is on and these are not installed: "
            f"{', '.join(absent)}; install opentelemetry-sdk and "
            "opentelemetry-exporter-otlp-proto-http, or switch it off"
        )
    provider: Any = import_module(_SDK).TracerProvider()
    exporter = import_module(_EXPORTER).OTLPSpanExporter()
    export = import_module(f"{_SDK}.export")
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return trace.get_tracer_provider()


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
