"""One client of the Prefect API for all tasks of a flow run."""

from __future__ import annotations

import functools
import inspect
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from prefect.context import SyncClientContext
from prefect.settings import PREFECT_API_URL

P = ParamSpec("P")
R = TypeVar("R")


def one_client(run: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Let the synchronous tasks of an asynchronous flow share one client.

    Without it each task makes its own, and with it a TLS context that reads every
    certificate authority of the machine: 20 to 80 ms a task. An API that is spoken to
    in plain HTTP needs no authority at all.
    """

    @functools.wraps(run)
    async def shared(*args: P.args, **kwargs: P.kwargs) -> R:
        if SyncClientContext.get() is not None:
            return await run(*args, **kwargs)
        with SyncClientContext(httpx_settings=_transport()):
            return await run(*args, **kwargs)

    # Prefect reads the parameters' types where the function it is given was written.
    signature = inspect.signature(run, eval_str=True)
    shared.__signature__ = signature  # type: ignore[attr-defined] # what inspect looks for
    shared.__annotations__ = inspect.get_annotations(run, eval_str=True)
    return shared


def _transport() -> dict[str, Any] | None:
    """Return a context that trusts nobody for plain HTTP, Prefect's own otherwise."""
    if str(PREFECT_API_URL.value() or "").startswith("http://"):
        return {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
    return None
