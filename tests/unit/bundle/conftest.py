"""A small bundle with a graph that can be computed by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from assay.bundle import Golden, Manifest, MetricValue, Parts
from assay.contract import read_contract

CONTRACT = """
name = "tiny"
revision = 1
purpose = "A test."
owner = "tests"
[label]
field = "bad"
[decision]
name = "lend"
positive_action = "decline"
negative_action = "approve"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
floors = { auc = 0.6 }
margins = { auc = 0.0 }
[[field]]
name = "income"
dtype = "number"
nulls = "allow"
[[field]]
name = "housing"
dtype = "category"
categories = ["own", "rent"]
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""


def tiny_graph() -> bytes:
    """Return a graph of sigmoid(income) that reads housing and forgets it."""
    nodes = [
        helper.make_node("Sigmoid", ["income"], ["sigmoid"]),
        helper.make_node(
            "LabelEncoder",
            ["housing"],
            ["code"],
            domain="ai.onnx.ml",
            keys_strings=["own", "rent"],
            values_int64s=[0, 0],
            default_int64=0,
        ),
        helper.make_node("Cast", ["code"], ["nothing"], to=TensorProto.DOUBLE),
        helper.make_node("Mul", ["nothing", "zero"], ["still_nothing"]),
        helper.make_node("Add", ["sigmoid", "still_nothing"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("income", TensorProto.DOUBLE, [None]),
            helper.make_tensor_value_info("housing", TensorProto.STRING, [None]),
        ],
        [helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None])],
        initializer=[numpy_helper.from_array(np.zeros(1), "zero")],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 2)]
    return onnx.helper.make_model(
        graph, opset_imports=opsets, ir_version=10
    ).SerializeToString()


def tiny_parts(contract_text: str = CONTRACT, name: str = "tiny") -> Parts:
    """Return the parts of a bundle of the tiny graph."""
    contract = read_contract(contract_text)
    manifest = Manifest(
        model_name=name,
        algorithm="by hand",
        parameters={"slope": 1.0},
        threshold=0.5,
        seed=0,
        n_rows={"train": 3},
        metrics={"auc": MetricValue(value=0.7, low=0.6, high=0.8)},
        contract_digest=contract.digest,
        snapshot_digest="0" * 64,
        code_revision="none",
        lock_digest="1" * 64,
        library_versions={"onnx": onnx.__version__},
    )
    golden = Golden(
        rows=({"income": 0.0, "housing": "own"}, {"income": 2.0, "housing": "rent"}),
        probabilities=(0.5, 1 / (1 + np.exp(-2.0))),
    )
    return Parts(manifest, tiny_graph(), contract_text, golden, {"card.md": b"# tiny"})


@pytest.fixture
def parts() -> Parts:
    return tiny_parts()
