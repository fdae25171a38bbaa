"""Export of an encoder to ONNX graphs in fp32 and int8, checked against torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import PlatformError
from assay.retrieval.vectors.dense import (
    AGREEMENT,
    SHIPPED_MODEL,
    Precision,
    TorchEncoder,
    read_encoder,
    sentence_transformer,
)

if TYPE_CHECKING:
    import onnx
    import torch
    from sentence_transformers import SentenceTransformer

_PROBES = (
    "What was the operating margin in fiscal 2022?",
    "Net revenue rose 4.2% to $1,452.4 million, driven by card fees.",
    "The allowance for credit losses at December 31 covers expected lifetime losses.",
    "thermal conductivity of thin films",
    "Total | 1,036.9 | 1,146.2 | 1,452.4",
)


def export_encoder(folder: Path, model: str = SHIPPED_MODEL) -> dict[str, float]:
    """Write a model's graphs (fp32 and int8), tokenizer and description to a folder.

    Parameters
    ----------
    folder : Path
        Is made; files in it are replaced.
    model : str
        See `torch_encoder`.

    Returns
    -------
    dict of str to float
        Least cosine of each precision's vectors with those of torch in fp32.

    Raises
    ------
    PlatformError
        If the fp32 graph gives other vectors than torch. An int8 graph that misses
        `AGREEMENT` is deleted, and queries then use fp32.
    """
    folder.mkdir(parents=True, exist_ok=True)
    loaded = sentence_transformer(model, attn_implementation="eager").eval()
    loaded.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    n_heads, width = _write_graph(loaded, folder / "fp32.onnx")
    _fuse(folder / "fp32.onnx", n_heads, width)
    _quantise(folder / "fp32.onnx", folder / "int8.onnx")
    about = {
        "model": model,
        "n_dimensions": int(loaded.get_embedding_dimension()),
        "max_tokens": int(loaded.max_seq_length),
    }
    (folder / "encoder.json").write_text(json.dumps(about, indent=1) + "\n")
    expected = TorchEncoder(loaded)(_PROBES)
    agreement: dict[str, float] = {}
    precisions: tuple[Precision, ...] = ("fp32", "int8")
    for precision in precisions:
        found = read_encoder(folder, precision)(_PROBES)
        agreement[precision] = float((found * expected).sum(axis=1).min())
    if agreement["fp32"] < 0.999:
        raise PlatformError(
            f"the exported graph of {model!r} gives other vectors than torch: least "
            f"cosine {agreement['fp32']:.4f}; use a sentence-transformers BERT model"
        )
    if agreement["int8"] < AGREEMENT:
        (folder / "int8.onnx").unlink()
    about["agreement"] = agreement
    (folder / "encoder.json").write_text(json.dumps(about, indent=1) + "\n")
    return agreement


def _write_graph(loaded: SentenceTransformer, path: Path) -> tuple[int, int]:
    import warnings

    import torch

    class Graph(torch.nn.Module):  # type: ignore[misc] # torch is read as untyped
        def __init__(self) -> None:
            super().__init__()
            self.model = loaded

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor
        ) -> torch.Tensor:
            return self.model({"input_ids": input_ids, "attention_mask": attention_mask})[
                "sentence_embedding"
            ]

    ids = torch.tensor([[101, 2054, 2003, 102], [101, 2054, 102, 0]])
    names = ("input_ids", "attention_mask")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns about shapes that are dynamic
        torch.onnx.export(
            Graph().eval(),
            (ids, (ids > 0).long()),
            str(path),
            input_names=list(names),
            output_names=["embedding"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names}
            | {"embedding": {0: "texts"}},
            opset_version=17,
            dynamo=False,
        )
    config = loaded[0].auto_model.config
    return int(config.num_attention_heads), int(config.hidden_size)


def _fuse(path: Path, n_heads: int, width: int) -> None:
    from onnxruntime.transformers.optimizer import optimize_model

    fused = optimize_model(
        str(path), model_type="bert", num_heads=n_heads, hidden_size=width, opt_level=1
    )
    _split_norms(fused.model.graph)
    fused.save_model_to_file(str(path))


def _split_norms(graph: onnx.GraphProto) -> None:
    """Replace each fused sum and layer norm by its parts; see `dense.SLOW_NORM`."""
    from onnx import helper

    nodes = []
    for node in graph.node:
        if node.op_type != "SkipLayerNormalization":
            nodes.append(node)
            continue
        (changed, kept, scale, shift, bias), (out,) = node.input, node.output
        (epsilon,) = (one.f for one in node.attribute if one.name == "epsilon")
        norm = "LayerNormalization"
        nodes += [
            helper.make_node("Add", [changed, bias], [f"{out}_biased"]),
            helper.make_node("Add", [f"{out}_biased", kept], [f"{out}_sum"]),
            helper.make_node(
                norm, [f"{out}_sum", scale, shift], [out], axis=-1, epsilon=epsilon
            ),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _quantise(source: Path, target: Path) -> None:
    import logging

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises a step that was done by fusing
    try:
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    finally:
        root.setLevel(level)
