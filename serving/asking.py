"""Ask another service over HTTP with the standard library alone.

A client library brings a tenth of a second and 5 MiB to every worker; the registry is
asked for a few small documents.
"""

from __future__ import annotations

import contextlib
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, unquote, urlsplit

FAULTS = (OSError, HTTPException)
"""What asking raises where the other side does not answer as HTTP says."""


@contextlib.contextmanager
def answer_to_get(url: str, timeout_seconds: float) -> Iterator[HTTPResponse]:
    """Give the answer to a GET, its body not yet read; its connection is closed after.

    The environment's proxies are not asked, redirects are not followed. A name and
    password in the address are sent as basic authentication.

    Parameters
    ----------
    url : str
        An ``http:`` or ``https:`` address.
    timeout_seconds : float
        Longest wait for the connection and for each piece of the answer.

    Raises
    ------
    ValueError
        If the address is of another kind.
    OSError, HTTPException
        If nobody answers, or not as HTTP says.
    """
    parts = urlsplit(url)
    kinds = {"http": HTTPConnection, "https": HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise ValueError(f"{url!r} is no http: or https: address")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=timeout_seconds)
    with contextlib.closing(connection):
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers=_headers(parts))
        yield connection.getresponse()


def _headers(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    known = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(known.encode()).decode()}"}
