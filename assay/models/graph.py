"""A fitted pipeline as an ONNX graph in float64, cleaning and calibration included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from assay.bundle.scorer import OUTPUT
from assay.contract import Contract, Field
from assay.encoders.graphs import encoder_graph, words_graph
from assay.encoders.words import WordClassifier
from assay.errors import BundleError
from assay.features.matrix import UNSEEN
from assay.models.calibration import Calibrator
from assay.models.estimators import LinearColumns
from assay.models.network_graph import MATRIX, Step, network_steps
from assay.models.trees import Trees, flat_trees
from assay.networks.classifier import NetworkClassifier

OPSET, TREE_OPSET, IR_VERSION = 21, 5, 10
"""Fixed, so that the bytes do not change with the installed onnx."""

_MATRIX, _LOG_ODDS = MATRIX, "log_odds/"  # no field's name holds a slash


def onnx_graph(pipeline: Pipeline, calibrator: Calibrator, contract: Contract) -> bytes:
    """Return the graph from raw features to the calibrated probability of label 1.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted, from `unfitted_pipeline`.
    calibrator : Calibrator
        Its calibration.
    contract : Contract
        Names the features.

    Returns
    -------
    bytes
        An ONNX model; the same input gives the same bytes. One input a feature, by its
        name, of shape (n,): float64 with NaN for missing, or text with "" for missing.
        One output ``probability``, float64 of shape (n,). A free text is read one at a
        time, by tokens: see `assay.encoders.graphs`.

    Raises
    ------
    BundleError
        If the pipeline is of another kind or splits on native categories.

    Notes
    -----
    Everything is computed in float64: in float32, thresholds are wrong on most rows one
    unit in the last place above them. A split of missing against the rest has the
    threshold +inf, which the graph keeps.
    """
    from onnx import TensorProto, checker, helper

    if contract.free_text is not None:
        return _text_graph(pipeline, calibrator, contract.free_text)
    nodes, constants = _input_nodes(contract)
    more, weights = _estimator_nodes(pipeline)
    nodes += more
    constants |= weights
    constants |= {
        "flat": np.array([-1], dtype=np.int64),
        "slope": np.array([calibrator.slope]),
        "intercept": np.array([calibrator.intercept]),
    }
    nodes += _calibration_nodes()
    graph = helper.make_graph(
        nodes,
        contract.name,
        [_input(field) for field in contract.features],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["n"])],
        initializer=[_constant(name, values) for name, values in constants.items()],
    )
    model = helper.make_model(
        graph,
        producer_name="assay",
        ir_version=IR_VERSION,
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("ai.onnx.ml", TREE_OPSET),
        ],
    )
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _text_graph(pipeline: Pipeline, calibrator: Calibrator, field: Field) -> bytes:
    classifier = pipeline[-1]
    calibration = calibrator.slope, calibrator.intercept
    if isinstance(classifier, WordClassifier):
        return words_graph(classifier, field.name, *calibration)
    model = classifier.model_
    graph = model.log_odds_graph(field.name)
    return encoder_graph(graph, model.tokenizer_text(), *calibration)


def _estimator_nodes(pipeline: Pipeline) -> tuple[list[Any], dict[str, Any]]:
    """Return nodes from the design matrix to a sum, and their constants."""
    classifier = pipeline[-1]
    if isinstance(classifier, HistGradientBoostingClassifier):
        trees = _tree_node(flat_trees(classifier))  # it refuses what has no graph
        return [trees], {"baseline": np.ravel(classifier._baseline_prediction)[:1]}
    if isinstance(classifier, LogisticRegression):
        return _linear_nodes(pipeline["columns"], classifier)
    if isinstance(classifier, NetworkClassifier):
        return _local_nodes(*network_steps(classifier.network_))
    raise BundleError(
        f"no graph for {type(classifier).__name__}; boosting, logistic and networks "
        "have one"
    )


def _input(field: Field) -> Any:  # noqa: ANN401 # onnx is untyped
    from onnx import TensorProto, helper

    kind = TensorProto.STRING if field.has_text_categories else TensorProto.DOUBLE
    return helper.make_tensor_value_info(field.name, kind, ["n"])


def _constant(name: str, values: Any) -> Any:  # noqa: ANN401 # onnx is untyped
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values), _LOG_ODDS + name)


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> Any:  # noqa: ANN401 # onnx is untyped
    from onnx import helper

    return helper.make_node(kind, list(inputs), [output], **attributes)


def _input_nodes(contract: Contract) -> tuple[list[Any], dict[str, Any]]:
    """Return nodes that make the design matrix: three in all, plus one a word field."""
    nodes, columns = [], []
    for field in contract.features:
        columns.append(field.name)
        if field.has_text_categories:
            columns[-1] = _MATRIX + field.name
            nodes.append(_word_node(field, columns[-1]))
    shape = np.array([len(columns), -1], dtype=np.int64)
    # End to end, cut into rows and turned: cheaper than a reshape of each input.
    nodes += [
        _node("Concat", columns, _MATRIX + "joined", axis=0),
        _node("Reshape", [_MATRIX + "joined", _LOG_ODDS + "shape"], _MATRIX + "rows"),
        _node("Transpose", [_MATRIX + "rows"], _MATRIX, perm=[1, 0]),
    ]
    return nodes, {"shape": shape}


def _word_node(field: Field, output: str) -> Any:  # noqa: ANN401 # onnx is untyped
    from onnx import numpy_helper

    keys = np.array([*field.categories, ""], dtype=object)
    codes = np.array([*range(len(field.categories)), np.nan], dtype=np.float64)
    return _node(
        "LabelEncoder",
        [field.name],
        output,
        domain="ai.onnx.ml",
        keys_tensor=numpy_helper.from_array(keys, "keys"),
        values_tensor=numpy_helper.from_array(codes, "codes"),
        default_tensor=numpy_helper.from_array(np.array([UNSEEN]), "unseen"),
    )


def _tree_node(trees: Trees) -> Any:  # noqa: ANN401 # onnx is untyped
    """Return one TreeEnsemble; inner nodes and leaves are numbered apart in it."""
    from onnx import numpy_helper

    # A tree that is one leaf becomes a node whose both branches are that leaf.
    is_stump = np.zeros(len(trees.is_leaf), dtype=bool)
    is_stump[trees.roots] = trees.is_leaf[trees.roots]
    is_node = ~trees.is_leaf | is_stump
    node_number = np.cumsum(is_node) - 1
    leaf_number = np.cumsum(trees.is_leaf) - 1
    left, right = trees.left[is_node], trees.right[is_node]

    def branch(children: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401 # indices
        to_leaf = trees.is_leaf[children]
        numbers = np.where(to_leaf, leaf_number[children], node_number[children])
        return numbers.tolist(), to_leaf.astype(int).tolist()

    (true_ids, true_leafs), (false_ids, false_leafs) = branch(left), branch(right)
    missing_left = trees.missing_goes_left[is_node].astype(int).tolist()
    at_most = np.zeros(int(is_node.sum()), dtype=np.uint8)  # BRANCH_LEQ
    return _node(
        "TreeEnsemble",
        [_MATRIX],
        _LOG_ODDS + "sum",
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=1,
        post_transform=0,
        tree_roots=node_number[trees.roots].tolist(),
        nodes_featureids=trees.feature[is_node].tolist(),
        nodes_modes=numpy_helper.from_array(at_most, "modes"),
        nodes_splits=numpy_helper.from_array(trees.threshold[is_node], "splits"),
        nodes_missing_value_tracks_true=missing_left,
        nodes_truenodeids=true_ids,
        nodes_trueleafs=true_leafs,
        nodes_falsenodeids=false_ids,
        nodes_falseleafs=false_leafs,
        leaf_targetids=[0] * int(trees.is_leaf.sum()),
        leaf_weights=numpy_helper.from_array(trees.value[trees.is_leaf], "weights"),
    )


def _linear_nodes(
    columns: LinearColumns, classifier: LogisticRegression
) -> tuple[list[Any], dict[str, Any]]:
    """Return nodes that repeat `LinearColumns.transform` and the weighted sum."""
    from onnx import TensorProto

    constants = {
        "numeric": columns.numeric_,
        "flagged": columns.flagged_,
        "coded": columns.coded_,
        "medians": columns.medians_,
        "means": columns.means_,
        "scales": columns.scales_,
        "codes": columns.codes_,
        "weights": classifier.coef_.reshape(-1, 1),
        "baseline": classifier.intercept_,
    }
    steps = [
        ("Gather", [_MATRIX, "numeric"], "numbers", {"axis": 1}),
        ("IsNaN", ["numbers"], "lacks", {}),
        ("Where", ["lacks", "medians", "numbers"], "filled", {}),
        ("Sub", ["filled", "means"], "centred", {}),
        ("Div", ["centred", "scales"], "scaled", {}),
        ("Gather", [_MATRIX, "flagged"], "checked", {"axis": 1}),
        ("IsNaN", ["checked"], "is_missing", {}),
        ("Cast", ["is_missing"], "flags", {"to": TensorProto.DOUBLE}),
        ("Gather", [_MATRIX, "coded"], "coded_values", {"axis": 1}),
        ("Equal", ["coded_values", "codes"], "is_code", {}),
        ("Cast", ["is_code"], "indicators", {"to": TensorProto.DOUBLE}),
        ("Concat", ["scaled", "flags", "indicators"], "design", {"axis": 1}),
        ("MatMul", ["design", "weights"], "sum", {}),
    ]
    return _local_nodes(steps, constants)


def _local_nodes(
    steps: Sequence[Step], constants: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    from onnx import helper

    nodes = [
        helper.make_node(
            kind, [*map(_local, inputs)], [*map(_local, outputs.split())], **attributes
        )
        for kind, inputs, outputs, attributes in steps
    ]
    return nodes, constants


def _local(name: str) -> str:
    return name if name == _MATRIX else _LOG_ODDS + name


def _calibration_nodes() -> list[Any]:
    steps = [
        ("Reshape", ["sum", "flat"], "flat_sum"),
        ("Add", ["flat_sum", "baseline"], "raw"),
        ("Mul", ["raw", "slope"], "sloped"),
        ("Add", ["sloped", "intercept"], "calibrated"),
    ]
    nodes = [
        _node(kind, [_local(name) for name in inputs], _local(output))
        for kind, inputs, output in steps
    ]
    return [*nodes, _node("Sigmoid", [_local("calibrated")], OUTPUT)]
