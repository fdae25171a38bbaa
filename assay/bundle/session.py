"""Open a graph, here or, run as a script, for a process that keeps free of the runtime.

As a script it imports numpy and onnxruntime alone and speaks in frames, each of eight
bytes of length and the content: first it takes the graph and gives its signature as
JSON, then it takes inputs and gives the output, both as NPZ without pickle. A fault is
given as JSON with the key ``fault``. It ends with its standard input.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

_LENGTH_BYTES = 8


def open_session(graph: bytes) -> Any:  # noqa: ANN401 # the runtime is untyped
    """Return a session of a graph that uses one thread and keeps no memory back."""
    import onnxruntime  # 0.3 s that callers without a graph save

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # it keeps what the largest batch took
    return onnxruntime.InferenceSession(
        graph, options, providers=["CPUExecutionProvider"]
    )


def write_frame(stream: BinaryIO, content: bytes) -> None:
    """Write a frame and see it off."""
    stream.write(len(content).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame; None where the stream ended, also in its middle."""
    head = stream.read(_LENGTH_BYTES)
    size = int.from_bytes(head, "big")
    content = stream.read(size) if len(head) == _LENGTH_BYTES else b""
    return content if content and len(content) == size else None


def packed(arrays: dict[str, Any]) -> bytes:
    """Return arrays of numbers and words as NPZ."""
    content = io.BytesIO()
    plain = {
        name: values.astype(np.str_) if values.dtype == object else values
        for name, values in arrays.items()
    }
    np.savez(content, **plain)
    return content.getvalue()


def unpacked(content: bytes) -> dict[str, Any]:
    """Return what was packed; words as an object array, as the runtime takes them."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return {
            name: found[name].astype(object)
            if found[name].dtype.kind == "U"
            else found[name]
            for name in found.files
        }


def main() -> int:
    """Serve one graph over standard input and output until the input ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    graph = read_frame(source)
    if graph is None:
        return 1
    session = _answered(target, lambda: open_session(graph))
    if session is None:
        return 1
    signature = {
        "inputs": {node.name: node.type for node in session.get_inputs()},
        "outputs": {node.name: node.type for node in session.get_outputs()},
        "metadata": session.get_modelmeta().custom_metadata_map,
    }
    write_frame(target, json.dumps(signature).encode())
    names = list(signature["outputs"])
    while (asked := read_frame(source)) is not None:
        found = _answered(target, lambda: session.run(names, unpacked(asked)))
        if found is None:
            return 1
        write_frame(target, packed(dict(zip(names, found, strict=True))))
    return 0


def _answered(target: BinaryIO, work: Callable[[], Any]) -> Any:  # noqa: ANN401 # as above
    """Return what work gives; where it fails tell the fault and return None."""
    try:
        return work()
    except Exception as error:  # the runtime's share no base class
        write_frame(target, json.dumps({"fault": str(error)}).encode())
        return None


if __name__ == "__main__":
    raise SystemExit(main())
