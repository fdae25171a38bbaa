"""BentoML with the model as a graph in ONNX Runtime, fed without a DataFrame."""

import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1)
class Scoring:
    """One model, one worker, one thread."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["PEER_GRAPH"], options)
        self.kinds = {
            node.name: np.object_ if node.type == "tensor(string)" else np.float64
            for node in self.session.get_inputs()
        }

    @bentoml.api
    def predict(self, row: dict[str, float | str]) -> dict[str, float]:
        """Return the probability of one row."""
        feeds = {name: np.array([row[name]], kind) for name, kind in self.kinds.items()}
        return {"probability": float(self.session.run(None, feeds)[0][0])}
