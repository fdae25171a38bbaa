"""Many independent pieces of work, here in a row or among Dask's workers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from assay.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")
_LOCAL = re.compile(r"dask:([1-9]\d{0,3})")
_ADDRESS = re.compile(r"(?:tcp|tls|ucx|ws|wss)://\S+")
_BATCHES_A_WORKER = 4
_CONNECT_SECONDS = 30


class FanOut:
    """Runs numbered pieces of work and gives their results in the order of the numbers.

    Parameters
    ----------
    client : Client or None
        Dask's client; None runs one piece after the other in this process.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._client = client

    @property
    def n_workers(self) -> int:
        """Threads that work at once; 1 in this process."""
        if self._client is None:
            return 1
        return max(1, sum(map(int, self._client.nthreads().values())))

    def __call__(
        self, work: Callable[[int], Result], pieces: Sequence[int]
    ) -> Iterable[Result]:
        """Return the results of `work` in the order of `pieces`, as they are there.

        The work is sent once to each worker, the numbers in batches.

        Raises
        ------
        SourceError
            If the workers are lost before the work is done. What the work itself raises
            is raised as it is.
        """
        if self._client is None:
            return map(work, pieces)
        return self._spread(self._client, work, pieces)

    def _spread(
        self, client: Client, work: Callable[[int], Result], pieces: Sequence[int]
    ) -> Iterator[Result]:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        size = -(-len(pieces) // (_BATCHES_A_WORKER * self.n_workers)) or 1
        batches = [pieces[at : at + size] for at in range(0, len(pieces), size)]
        sent = client.scatter(work, broadcast=True, hash=False)
        futures = [client.submit(_batch, sent, batch, pure=False) for batch in batches]
        try:
            for future in futures:
                yield from future.result()
        except (KilledWorker, FutureCancelledError, TimeoutError, OSError) as error:
            raise SourceError(
                f"Dask's workers were lost: {error}; start them again and repeat the run"
            ) from error
        finally:
            client.cancel(futures)


@contextmanager
def fan_out(where: str) -> Iterator[FanOut]:
    """Open what runs many pieces of work, and close it afterwards.

    Parameters
    ----------
    where : str
        Empty for this process, ``dask:N`` for N processes on this machine, or the
        address of a running scheduler such as ``tcp://10.0.0.5:8786``.

    Raises
    ------
    ConfigError
        If `where` is none of these.
    SourceError
        If no scheduler answers there within half a minute.
    """
    if not where:
        yield FanOut()
        return
    local = _LOCAL.fullmatch(where)
    if not local and not _ADDRESS.fullmatch(where):
        raise ConfigError(
            f"fan_out is {where!r}; leave it empty, or write 'dask:N' for N processes "
            "here, or a scheduler's address such as 'tcp://10.0.0.5:8786'"
        )
    with _client(where, int(local[1]) if local else 0) as client:
        yield FanOut(client)


@contextmanager
def _client(address: str, n_processes: int) -> Iterator[Client]:
    from distributed import Client, LocalCluster

    if n_processes:
        with (
            LocalCluster(
                n_workers=n_processes,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        opened = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError) as error:
        raise SourceError(
            f"no Dask scheduler answers at {address}: {error}; start one with "
            "'dask scheduler', or leave fan_out empty"
        ) from error
    with opened as client:
        yield client


def _batch(work: Callable[[int], Any], pieces: Sequence[int]) -> list[Any]:
    return [work(piece) for piece in pieces]
