"""The scoring service of the tutorials: FastAPI, a DataFrame, a scikit-learn pipeline."""

import os

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel, create_model

pipeline = joblib.load(os.environ["PEER_MODEL"])
app = FastAPI()
Row: type[BaseModel] = create_model(
    "Row",
    **{
        name: (str if name in pipeline.word_columns else float, ...)
        for name in pipeline.columns
    },
)


@app.post("/predict")
def predict(row: Row) -> dict[str, float | int]:  # type: ignore[valid-type] # made at run time
    """Return class and probability, as the tutorials do."""
    frame = pd.DataFrame([row.model_dump()])
    return {
        "prediction": int(pipeline.predict(frame)[0]),
        "probability": float(pipeline.predict_proba(frame)[0, 1]),
    }
