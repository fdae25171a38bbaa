"""One client of the Prefect API for all tasks of a flow run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from prefect.context import SyncClientContext

P = ParamSpec("P")
R = TypeVar("R")


def one_client(run: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Let the synchronous tasks of an asynchronous flow share one client.

    Without it each task makes its own, and with it a TLS context that reads every
    certificate authority of the machine: 20 to 80 ms a task.
    """

    @functools.wraps(run)
    async def shared(*args: P.args, **kwargs: P.kwargs) -> R:
        with SyncClientContext.get_or_create():
            return await run(*args, **kwargs)

    # Prefect reads the parameters' types where the function it is given was written.
    signature = inspect.signature(run, eval_str=True)
    shared.__signature__ = signature  # type: ignore[attr-defined] # what inspect looks for
    shared.__annotations__ = inspect.get_annotations(run, eval_str=True)
    return shared
