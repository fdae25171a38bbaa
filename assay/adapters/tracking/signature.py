"""A contract as MLflow's model signature and model folder."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bundle import Bundle
from assay.contract.field import Field
from assay.contract.model import Contract

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_RUNTIME = ("numpy", "onnx", "onnxruntime")


def model_signature(contract: Contract) -> ModelSignature:
    """Return the signature that MLflow's own tools enforce on a version's inputs.

    A category of words and a text are a ``string``, anything else a ``double``; a field
    that may be missing is optional.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = [
        ColSpec(
            "string" if _is_string(field) else "double",
            field.name,
            required=field.nulls == "refuse",
        )
        for field in contract.features
    ]
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", "probability")]))


def write_model_folder(bundle: Bundle, folder: Path) -> None:
    """Write an MLflow model folder of the bundle's graph, with the bundle inside.

    Parameters
    ----------
    bundle : Bundle
        What to write.
    folder : Path
        Must not exist.
    """
    import mlflow.onnx
    import onnx
    import pandas as pd

    versions = bundle.manifest.library_versions
    pins = [f"{name}=={versions[name]}" for name in _RUNTIME if name in versions]
    features = [field.name for field in bundle.contract.features]
    complete = [
        row
        for row in bundle.golden.rows
        if all(row[name] is not None for name in features)
    ]
    rows = pd.DataFrame(list(complete or bundle.golden.rows)[:3], columns=features)
    numeric = [f.name for f in bundle.contract.features if not _is_string(f)]
    reads_text = bundle.contract.free_text is not None
    # Its advice about the CUDA provider and the example's size is noise here.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.onnx.save_model(
        onnx.load_from_string(bundle.graph),
        str(folder),
        signature=model_signature(bundle.contract),
        # MLflow would hand the text itself to a graph that takes its tokens.
        input_example=None
        if reads_text
        else rows.astype(dict.fromkeys(numeric, "float64")),
        pip_requirements=["mlflow", *pins],
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,
    )
    shutil.copytree(bundle.folder, folder / "bundle")


def _is_string(field: Field) -> bool:
    return field.has_text_categories or field.is_free_text
