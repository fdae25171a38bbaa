"""Log lines as JSON objects: who asked for what and how it went, never a value."""

from __future__ import annotations

import copy
import logging
import time
from typing import Any

import orjson
from starlette.types import Scope
from uvicorn.config import LOGGING_CONFIG

_log = logging.getLogger("assay.requests")


class JsonLines(logging.Formatter):
    """One JSON object a line.

    A traceback is reduced to the error's type and its place: messages and locals of an
    error can hold what a caller sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        content: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            content["error"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                code = trace.tb_frame.f_code
                content["at"] = f"{code.co_filename}:{trace.tb_lineno} {code.co_name}"
        return orjson.dumps(content, default=str).decode()


def log_config(*, as_json: bool) -> dict[str, Any]:
    """Return the logging configuration for uvicorn, with Assay's loggers in it.

    As JSON there is no access log of uvicorn's: its lines hold query strings.
    """
    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["loggers"]["assay"] = {"handlers": ["default"], "level": "INFO"}
    if as_json:
        config["formatters"]["default"] = {"()": "serving.boundary.logs.JsonLines"}
        config["loggers"]["uvicorn.access"] = {"handlers": [], "propagate": False}
    return config


def log_request(scope: Scope, route: str, status: int, seconds: float) -> None:
    """Log one answered request: labels, no path, no query, no body."""
    level = logging.ERROR if status == 500 else logging.INFO
    fields = {
        "request_id": scope.get("state", {}).get("request_id", ""),
        "method": scope["method"],
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1e3, 3),
    }
    text = " ".join(f"{name}={value}" for name, value in fields.items())
    _log.log(level, "%s", text, extra={"fields": fields})
