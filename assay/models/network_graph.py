"""The steps of a network's forward pass as ONNX operators, in float64."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from assay.networks.network import TOP, Network

Step: TypeAlias = tuple[str, list[str], str, dict[str, Any]]
"""Operator, inputs, outputs (apart by a space), attributes."""

MATRIX = "design_matrix/"
"""Where the graph keeps the design matrix."""


def network_steps(network: Network) -> tuple[list[Step], dict[str, Any]]:
    """Return operators from the design matrix to ``sum``, and their constants.

    Parameters
    ----------
    network : Network
        Trained weights.

    Returns
    -------
    steps : list of (operator, inputs, output, attributes)
        In order; they repeat `Network.log_odds` operator by operator.
    constants : dict of str to ndarray
        Their weights.
    """
    steps, constants = _encoding(network)
    constants |= {
        "entry": network.entry,
        "entry_bias": network.entry_bias[:, None],
        "leave": network.leave[:, :, None],
        "leave_bias": network.leave_bias[:, None, None],
        "baseline": np.zeros(1),
    }
    steps += [
        ("MatMul", ["columns", "entry"], "entered", {}),
        ("Add", ["entered", "entry_bias"], "hidden0", {}),
    ]
    for block in range(len(network.inner)):
        more, weights = _block(network, block)
        steps += more
        constants |= weights
    steps += [
        ("Relu", [f"hidden{len(network.inner)}"], "last", {}),
        ("MatMul", ["last", "leave"], "left", {}),
        ("Add", ["left", "leave_bias"], "answers", {}),
    ]
    more, weights = _gated(network) if network.is_gated else _averaged()
    return steps + more, constants | weights


def _encoding(network: Network) -> tuple[list[Step], dict[str, Any]]:
    from onnx import TensorProto

    encoding = network.encoding
    constants = {
        "numeric": encoding.numeric,
        "starts": encoding.starts,
        "widths": encoding.widths,
        "flagged": encoding.flagged,
        "coded": encoding.coded,
        "codes": encoding.codes,
        "zero": np.array(0.0),
        "one": np.array(1.0),
    }
    steps: list[Step] = [
        ("Gather", [MATRIX, "numeric"], "numbers", {"axis": 1}),
        ("Sub", ["numbers", "starts"], "above", {}),
        ("Div", ["above", "widths"], "shares", {}),
        ("IsNaN", ["shares"], "lacks", {}),
        ("Where", ["lacks", "zero", "shares"], "filled", {}),
        ("Clip", ["filled", "zero", "one"], "passed", {}),
        ("Gather", [MATRIX, "flagged"], "checked", {"axis": 1}),
        ("IsNaN", ["checked"], "is_missing", {}),
        ("Cast", ["is_missing"], "flags", {"to": TensorProto.DOUBLE}),
        ("Gather", [MATRIX, "coded"], "coded_values", {"axis": 1}),
        ("Equal", ["coded_values", "codes"], "is_code", {}),
        ("Cast", ["is_code"], "indicators", {"to": TensorProto.DOUBLE}),
        ("Concat", ["passed", "flags", "indicators"], "columns", {"axis": 1}),
    ]
    return steps, constants


def _block(network: Network, block: int) -> tuple[list[Step], dict[str, Any]]:
    constants = {
        f"inner{block}": network.inner[block],
        f"inner_bias{block}": network.inner_bias[block][:, None],
        f"outer{block}": network.outer[block],
        f"outer_bias{block}": network.outer_bias[block][:, None],
    }
    return [
        ("Relu", [f"hidden{block}"], f"before{block}", {}),
        ("MatMul", [f"before{block}", f"inner{block}"], f"middle{block}", {}),
        ("Add", [f"middle{block}", f"inner_bias{block}"], f"within{block}", {}),
        ("Relu", [f"within{block}"], f"after{block}", {}),
        ("MatMul", [f"after{block}", f"outer{block}"], f"moved{block}", {}),
        ("Add", [f"moved{block}", f"outer_bias{block}"], f"added{block}", {}),
        ("Add", [f"hidden{block}", f"added{block}"], f"hidden{block + 1}", {}),
    ], constants


def _averaged() -> tuple[list[Step], dict[str, Any]]:
    return [
        ("ReduceMean", ["answers", "members"], "sum", {"keepdims": 0}),
    ], {"members": np.array([0], dtype=np.int64)}


def _gated(network: Network) -> tuple[list[Step], dict[str, Any]]:
    """Return the softmax over the best experts; the gate's logits stay in float64."""
    constants = {
        "gate": network.gate,
        "gate_bias": network.gate_bias,
        "top": np.array([TOP], dtype=np.int64),
        "by_row": np.array([-1, network.n_members], dtype=np.int64),
        "last_axis": np.array([1], dtype=np.int64),
    }
    return [
        ("MatMul", ["columns", "gate"], "gate_sum", {}),
        ("Add", ["gate_sum", "gate_bias"], "logits", {}),
        ("TopK", ["logits", "top"], "best places", {}),
        ("Softmax", ["best"], "weights", {"axis": 1}),
        ("Transpose", ["answers"], "turned", {"perm": [1, 2, 0]}),
        ("Reshape", ["turned", "by_row"], "by_member", {}),
        ("GatherElements", ["by_member", "places"], "chosen", {"axis": 1}),
        ("Mul", ["weights", "chosen"], "weighed", {}),
        ("ReduceSum", ["weighed", "last_axis"], "sum", {"keepdims": 0}),
    ], constants
