"""A graph that is run by a process of its own, which is gone when its work is done.

A service that proves a version on its graph once and then decides by other means need not
keep the graph's runtime, some 40 MiB, in its memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from numpy.typing import NDArray

from assay.bundle import session as script
from assay.errors import BundleError

LONGEST_SECONDS = 120.0


class Node(NamedTuple):
    """An input or an output of a graph, with its type as the runtime writes it."""

    name: str
    type: str


class Notes(NamedTuple):
    """What a graph says of itself."""

    custom_metadata_map: dict[str, str]


class SessionApart:
    """A session in a process of its own; use it in a ``with`` block.

    The process starts at once and is spoken to when it is first asked, so that what is
    done between costs no time.

    Parameters
    ----------
    graph : bytes
        An ONNX model.
    longest_seconds : float, default=120
        The process is killed after so long.

    Raises
    ------
    BundleError
        From each method: if the graph does not load or run, or the process ends.
    """

    def __init__(self, graph: bytes, longest_seconds: float = LONGEST_SECONDS) -> None:
        self._graph, self._signature = graph, dict[str, dict[str, str]]()
        self._process = subprocess.Popen(  # noqa: S603 # this interpreter, our script
            [sys.executable, "-P", str(Path(script.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._end = threading.Timer(longest_seconds, self._process.kill)
        self._end.daemon = True
        self._end.start()

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process and wait for it."""
        self._end.cancel()
        self._process.kill()
        self._process.communicate()

    def get_inputs(self) -> list[Node]:
        """Return the graph's inputs."""
        return [Node(*each) for each in self._signed()["inputs"].items()]

    def get_outputs(self) -> list[Node]:
        """Return the graph's outputs."""
        return [Node(*each) for each in self._signed()["outputs"].items()]

    def get_modelmeta(self) -> Notes:
        """Return what the graph says of itself."""
        return Notes(self._signed()["metadata"])

    def run(
        self, outputs: Sequence[str], feeds: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[Any]]:
        """Return the named outputs for inputs by name, as the runtime does."""
        self._signed()
        answer = self._asked(script.packed(dict(feeds)))
        found = script.unpacked(answer)
        return [found[name] for name in outputs]

    def _signed(self) -> dict[str, dict[str, str]]:
        if not self._signature:
            self._signature = json.loads(self._asked(self._graph))
            self._graph = b""
        return self._signature

    def _asked(self, content: bytes) -> bytes:
        """Return the answer to a frame."""
        assert self._process.stdin is not None  # noqa: S101 # it is a pipe
        assert self._process.stdout is not None  # noqa: S101 # so is this
        try:
            script.write_frame(self._process.stdin, content)  # type: ignore[arg-type] # IO[bytes]
            answer = script.read_frame(self._process.stdout)  # type: ignore[arg-type] # IO[bytes]
        except OSError:
            answer = None
        if answer is None:
            raise BundleError(
                "the process that runs the graph ended before it answered; is there "
                "memory for it?"
            )
        if answer.startswith(b'{"fault"'):
            raise BundleError(
                f"the graph does not load or run: {json.loads(answer)['fault']}"
            )
        return answer
