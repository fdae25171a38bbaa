"""Errors as problem documents (RFC 9457): what was wrong and what to do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The body is not JSON",
    401: "An API key is needed",
    403: "The API key does not allow this",
    404: "Not found",
    405: "Method not allowed",
    408: "The body took too long",
    413: "The body is too large",
    415: "The body is not declared as JSON",
    422: "The request breaks the contract",
    429: "Too many requests",
    500: "The service failed",
    503: "The model does not answer yet",
}

_log = logging.getLogger("assay.serving")


class Problem(Exception):  # noqa: N818 # the name that RFC 9457 gives it
    """An answer other than success.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str
        What was wrong, how much of it and what to do.
    members : mapping, optional
        Further members of the document, such as ``errors``.
    headers : mapping, optional
        Headers of the answer, such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})


def unknown_model(model: str, known: Iterable[str]) -> Problem:
    """Return the problem of a model that is not served."""
    names = sorted(known)
    return Problem(
        404,
        f"no model {model[:80]!r}; there are: {', '.join(names) or 'none'}",
        {"models": names},
    )


def problem_response(problem: Problem, request_id: str) -> Response:
    """Return the problem document of `problem`."""
    document = {
        "type": "about:blank",
        "title": TITLES.get(problem.status, "The request was refused"),
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id,
        **problem.members,
    }
    return Response(
        orjson.dumps(document),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_failure)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 # registered for it alone
    return problem_response(error, request.state.request_id)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for it alone
    details = {
        404: f"no route {request.url.path}; GET /docs lists those there are",
        405: f"{request.method} is not a method of {request.url.path}; see Allow",
    }
    detail = details.get(error.status_code, str(error.detail))
    problem = Problem(error.status_code, detail, headers=error.headers)
    return problem_response(problem, request.state.request_id)


async def _on_failure(request: Request, error: Exception) -> Response:
    # The traceback names code, not values: a message could hold personal data.
    _log.error(
        "request failed request_id=%s error=%s",
        request.state.request_id,
        type(error).__name__,
    )
    problem = Problem(
        500, "the request could not be answered; give the request_id to the operator"
    )
    return problem_response(problem, request.state.request_id)
