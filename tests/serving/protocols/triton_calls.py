"""Calls of NVIDIA's client of the Open Inference Protocol; run by its own interpreter.

``python triton_calls.py HOST:PORT ROW`` prints one JSON line: what it was answered to
the same row sent as JSON and as raw tensors, with supervision and metadata.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton

NUMPY = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}


def main() -> None:
    client = triton.InferenceServerClient(sys.argv[1])
    row = json.loads(sys.argv[2])
    metadata = client.get_model_metadata("tiny")
    found = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready() and client.is_model_ready("tiny", "1"),
        "server": client.get_server_metadata()["name"],
        "inputs": len(metadata["inputs"]),
    }
    for is_raw in (False, True):
        inputs = []
        for described in metadata["inputs"]:
            name, kind = described["name"], described["datatype"]
            tensor = triton.InferInput(name, [1], kind)
            values = np.array([row[name]], dtype=NUMPY[kind])
            tensor.set_data_from_numpy(values, binary_data=is_raw)
            inputs.append(tensor)
        outputs = [
            triton.InferRequestedOutput(name, binary_data=is_raw)
            for name in ("probability", "decision")
        ]
        for asked in (outputs, None):  # without outputs the client asks for raw bytes
            result = client.infer("tiny", inputs, outputs=asked, request_id="call-1")
            key = f"{'raw' if is_raw else 'json'} {'some' if asked else 'all'}"
            decision = result.as_numpy("decision")[0]
            found[key] = [
                float(result.as_numpy("probability")[0]),
                decision.decode() if isinstance(decision, bytes) else str(decision),
            ]
    try:
        client.infer("tiny", inputs[:1])
    except triton.InferenceServerException as error:
        found["error"] = str(error)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
