"""Classes of texts from a folder, without torch: written, proven and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError

Floats: TypeAlias = NDArray[np.float64]

GRAPH, TOKENIZER, ABOUT = "model.onnx", "tokenizer.json", "text.json"
LIMIT = 1e-4
"""Largest difference in probability on golden texts: the graph is in float32."""


class TextScorer:
    """A graph from tokens to probabilities with its tokenizer.

    Parameters
    ----------
    folder : Path
        Holds `GRAPH`, `TOKENIZER` and `ABOUT`.
    about : mapping
        What `ABOUT` says.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self.classes: tuple[str, ...] = tuple(about["classes"])

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the scorer of a folder, digests and golden texts checked.

        Raises
        ------
        BundleError
            If a file was altered or a golden text scores otherwise than recorded.
        """
        try:
            about = json.loads((folder / ABOUT).read_text())
            altered = [
                name
                for name, digest in about["files"].items()
                if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
            ]
        except (OSError, ValueError, KeyError) as error:
            raise BundleError(
                f"text bundle in {folder} does not read: {error}"
            ) from error
        if altered:
            raise BundleError(f"files of {folder} were altered: {', '.join(altered)}")
        scorer = cls(folder, about)
        found = scorer.probabilities(about["golden"]["texts"])
        off = float(np.abs(found - np.array(about["golden"]["probabilities"])).max())
        if not off <= LIMIT:
            raise BundleError(
                f"golden texts of {folder} score otherwise than recorded, by up to "
                f"{off:.3g}; do not serve this version"
            )
        return scorer

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return the probability of each class, shape (n_texts, n_classes)."""
        found = self._tokenizer.encode_batch(list(texts))
        feeds = {
            "input_ids": np.array([each.ids for each in found], dtype=np.int64),
            "attention_mask": np.array(
                [each.attention_mask for each in found], dtype=np.int64
            ),
        }
        return np.asarray(self._session.run(None, feeds)[0], dtype=np.float64)


def write_text_bundle(
    folder: Path,
    write_graph: Callable[[Path], None],
    tokenizer: str,
    about: Mapping[str, Any],
    golden: Sequence[str],
) -> str:
    """Write graph, tokenizer and golden texts; return the digest of what says them all.

    Parameters
    ----------
    folder : Path
        Is made.
    write_graph : callable
        Writes the ONNX graph to a path.
    tokenizer : str
        The tokenizer as JSON, with its truncation and padding.
    about : mapping
        ``classes``, and whatever else is to be kept.
    golden : sequence of str
        Texts whose probabilities are recorded.
    """
    folder.mkdir(parents=True, exist_ok=False)
    write_graph(folder / GRAPH)
    (folder / TOKENIZER).write_text(tokenizer)
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (GRAPH, TOKENIZER)
    }
    probabilities = TextScorer(folder, about).probabilities(golden).tolist()
    kept = {"texts": list(golden), "probabilities": probabilities}
    text = json.dumps({**about, "files": files, "golden": kept}, sort_keys=True, indent=1)
    (folder / ABOUT).write_text(text)
    return hashlib.sha256(text.encode()).hexdigest()
