"""Answers by idempotency key: asked again, a request gets its first answer."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

from serving.problems import Problem
from serving.scoring.decider import Answer

HEADER: Final = "idempotency-key"
MOST_KEPT: Final = 10_000
MOST_BYTES: Final = 32 * 2**20
REPEATED: Final = (b"idempotency-replayed", b"true")

_KEY = re.compile(r"[!-~]{1,255}")
_Kept: TypeAlias = tuple[bytes, "asyncio.Future[Answer]"]


class Repeats:
    """The latest answers of this process by key; a restart forgets them.

    A key holds for one caller and one path. What was refused or failed is not kept:
    asking again may succeed.

    Parameters
    ----------
    most_kept, most_bytes : int
        The oldest are forgotten above either.
    """

    def __init__(self, most_kept: int = MOST_KEPT, most_bytes: int = MOST_BYTES) -> None:
        self._most_kept, self._most_bytes = most_kept, most_bytes
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._n_bytes = 0

    async def answer(
        self,
        place: Iterable[str],
        key: str,
        body: bytes,
        make: Callable[[], Awaitable[Answer]],
    ) -> Answer:
        """Return the answer that a key had, or make and keep one.

        Two requests with one key at the same time are answered once.

        Parameters
        ----------
        place : iterable of str
            Caller and path that the key holds for.
        key, body : str and bytes
            Of the request.
        make : callable
            Decides.

        Raises
        ------
        Problem
            400 for what is no key, 422 where the key came with another body; whatever
            `make` raises.
        """
        if not _KEY.fullmatch(key):
            raise Problem(
                400,
                "the Idempotency-Key is not 1 to 255 visible ASCII characters; send a "
                "random identifier such as a UUID",
            )
        name = _digest("\n".join((*place, key)).encode())
        content = _digest(body)
        while name in self._kept:
            known, made = self._kept[name]
            if known != content:
                raise Problem(
                    422,
                    "the Idempotency-Key was sent before with another body; send a new "
                    "key with a new request",
                )
            await asyncio.wait([made])
            if not made.cancelled() and made.exception() is None:
                first = made.result()
                return Answer(first.content, [*first.headers, REPEATED])
        return await self._made(name, content, make)

    async def _made(
        self, name: bytes, content: bytes, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._kept[name] = content, future
        try:
            answer = await make()
        except BaseException:
            del self._kept[name]
            future.cancel()
            raise
        future.set_result(answer)
        self._n_bytes += len(answer.content)
        self._forget()
        return answer

    def _forget(self) -> None:
        for name, (_, made) in list(self._kept.items()):
            if len(self._kept) <= self._most_kept and self._n_bytes <= self._most_bytes:
                return
            if made.done():  # what is being made is never forgotten
                del self._kept[name]
                self._n_bytes -= len(made.result().content)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
