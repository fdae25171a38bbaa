"""What a call can end with other than an answer.

::

    ScoringError (AssayError)
    ├── RefusedRequestError (ValueError)       400, 408, 413, 415, 422: correct and resend
    ├── KeyRefusedError (PermissionError)      401, 403
    ├── NotServedError (LookupError)           404, 405: no such model, route or decision
    ├── TooManyRequestsError                   429, after all retries
    ├── UnavailableError                       502, 503, 504, after all retries
    ├── ServiceFailedError                     any other answer
    └── ConnectionLostError (ConnectionError)  no answer, after all retries
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from assay.errors import AssayError


class ScoringError(AssayError):
    """A call that gave no answer to its question.

    Attributes
    ----------
    status : int
        HTTP status; 0 where no answer came.
    problem : mapping
        The problem document (RFC 9457), empty where the answer held none. Its member
        ``errors`` echoes what was sent: do not log it.
    """

    def __init__(self, message: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.problem = dict(problem)

    @property
    def request_id(self) -> str:
        """Id to give to the operator of the service; empty where there is none."""
        return str(self.problem.get("request_id", ""))

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The wrong values: ``field``, ``rule``, ``allowed`` and more, maybe ``row``."""
        return list(self.problem.get("errors", ()))


class RefusedRequestError(ScoringError, ValueError):
    """The service does not take the request as it is."""


class KeyRefusedError(ScoringError, PermissionError):
    """The API key is absent, unknown or not allowed to do this."""


class NotServedError(ScoringError, LookupError):
    """There is no such model, version, decision or route."""


class TooManyRequestsError(ScoringError):
    """The key's rate was passed, and waiting did not help."""


class UnavailableError(ScoringError):
    """The service has no champion, no room or no ledger at the moment."""


class ServiceFailedError(ScoringError):
    """The service answered with something that is no answer."""


class ConnectionLostError(ScoringError, ConnectionError):
    """No answer came. Whether the request was carried out is not known."""


_KINDS: Mapping[int, type[ScoringError]] = {
    **dict.fromkeys((400, 408, 413, 415, 422), RefusedRequestError),
    **dict.fromkeys((401, 403), KeyRefusedError),
    **dict.fromkeys((404, 405), NotServedError),
    429: TooManyRequestsError,
    **dict.fromkeys((502, 503, 504), UnavailableError),
}


def error_of(status: int, content: bytes) -> ScoringError:
    """Return the error of an answer that is no success."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = {}
    problem = document if isinstance(document, dict) else {}
    detail = problem.get("detail") or problem.get("title") or "no problem document"
    kind = _KINDS.get(status, ServiceFailedError)
    return kind(f"the service answered {status}: {detail}", status, problem)
