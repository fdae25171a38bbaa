"""Encoders of an index: exported once, shared by its versions, proven when opened."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from assay.errors import BundleError
from assay.retrieval.index.build import Encoding
from assay.retrieval.index.disk import file_digest, text_digest
from assay.retrieval.parts import Encode
from assay.retrieval.vectors.dense import SHIPPED_MODEL, passage_encoder, read_encoder

_FILES = ("fp32.onnx", "int8.onnx", "tokenizer.json", "encoder.json")


def prepared_encoding(root: Path, model: str = SHIPPED_MODEL) -> Encoding:
    """Return the encoding of passages with a model, exported first where it is not yet.

    Parameters
    ----------
    root : Path
        Folder of the index.
    model : str
        See `assay.retrieval.vectors.dense.torch_encoder`.
    """
    link = root / "encoders" / f"{text_digest(model)[:16]}.name"
    if link.is_file():
        name = link.read_text().strip()
        folder = _proven(root, name)
    else:
        name = _exported(root, model)
        folder = _proven(root, name)
        link.write_text(name)
    return Encoding(name, passage_encoder(folder, model))


def query_encoder(root: Path, name: str) -> Encode:
    """Return the encoder of queries that a version names; needs no torch.

    Raises
    ------
    BundleError
        If its files are absent or altered.
    """
    return read_encoder(_proven(root, name))


def _exported(root: Path, model: str) -> str:
    from assay.retrieval.vectors.export import export_encoder

    parent = root / "encoders"
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=parent, prefix=".exporting-"))
    try:
        export_encoder(scratch, model)
        name = _name_of(scratch)
        if not (parent / name).exists():
            scratch.rename(parent / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return name


def _proven(root: Path, name: str) -> Path:
    folder = root / "encoders" / name
    try:
        found = _name_of(folder)
    except OSError as error:
        raise BundleError(
            f"encoder {name} of the index is not there; run index-documents again"
        ) from error
    if found != name:
        raise BundleError(f"encoder {name} of the index was altered; export it again")
    return folder


def _name_of(folder: Path) -> str:
    present = [file for file in _FILES if (folder / file).is_file()]
    if not {"fp32.onnx", "tokenizer.json", "encoder.json"} <= set(present):
        raise FileNotFoundError(folder)
    return text_digest(*(file + file_digest(folder / file) for file in present))[:24]
