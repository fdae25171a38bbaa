"""BentoML with the scikit-learn pipeline, as its documentation shows."""

import os

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Scoring:
    """One model, one worker."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["PEER_MODEL"])

    @bentoml.api
    def predict(self, row: dict[str, float | str]) -> dict[str, float]:
        """Return the probability of one row."""
        frame = pd.DataFrame([row])
        return {"probability": float(self.pipeline.predict_proba(frame)[0, 1])}
