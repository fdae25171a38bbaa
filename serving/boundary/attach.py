"""Put the boundary around an application, by the settings."""

from __future__ import annotations

import ipaddress
import logging

from fastapi import FastAPI

from assay.settings import Settings
from serving.boundary.bodies import SlowBodies
from serving.boundary.guard import Boundary, Guard
from serving.boundary.keys import KeyRing
from serving.boundary.metrics import Metrics
from serving.boundary.places import Places
from serving.boundary.traces import Traced, tracer_provider
from serving.catalogue import Catalogue

_log = logging.getLogger("assay.serving")


def attach_boundary(
    app: FastAPI, settings: Settings, catalogue: Catalogue, metrics: Metrics
) -> Boundary:
    """Put guard and traces around `app` and return the boundary.

    To be called before the middleware that gives request ids is added: the last one
    added is the outermost.

    Raises
    ------
    ConfigError
        If traces are asked for and their packages are not installed.
    """
    places = Places(settings.default_model)
    boundary = Boundary(
        places=places,
        metrics=metrics,
        keys=KeyRing(settings.api_keys_file) if keys_are_needed(settings) else None,
        most_in_flight=settings.api_most_in_flight,
        most_bytes=settings.api_body_bytes,
        bodies=SlowBodies(settings.api_body_seconds),
        rate_per_second=settings.api_rate_per_second,
        logs_requests=settings.api_log_requests,
    )
    metrics.is_known = lambda model: not model or model in catalogue.standings
    app.state.metrics = metrics
    app.add_middleware(Guard, boundary=boundary)
    if settings.api_traces:
        app.add_middleware(Traced, provider=tracer_provider(), places=places)
    if boundary.keys is None and not is_loopback(settings.host):
        _log.warning("API keys are off on %s: anyone there may ask", settings.host)
    return boundary


def keys_are_needed(settings: Settings) -> bool:
    """Say whether callers need an API key: off only where asked, or on loopback."""
    if settings.api_keys == "auto":
        return not is_loopback(settings.host)
    return settings.api_keys == "on"


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's alone; a name that is not known is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
