"""Text models as ONNX graphs, from tokens to a calibrated probability."""

from __future__ import annotations

from typing import Any

import numpy as np

from assay.bundle.scorer import OUTPUT
from assay.bundle.tokens import PRECISION, TOKENIZER
from assay.encoders.words import WordClassifier

OPSET, IR_VERSION = 21, 10
"""Fixed, so that the bytes do not change with the installed onnx."""


def words_graph(
    classifier: WordClassifier, name: str, slope: float, intercept: float
) -> bytes:
    """Return the graph of a word classifier, in float64 after counting.

    Parameters
    ----------
    classifier : WordClassifier
        Fitted.
    name : str
        The text's field, which names the input: tokens of one text, int64, (1, n_tokens).
    slope, intercept : float
        Calibration of the log-odds.

    Returns
    -------
    bytes
        An ONNX model with the tokenizer in its metadata; its output ``probability`` has
        the shape (1,). The same input gives the same bytes.

    Notes
    -----
    Document frequencies are at least 1 and so is every column of a text that is not 0:
    the length of a text with a known word is at least 1, and 1 divides the others.
    """
    from onnx import TensorProto, helper

    count, steps = _counting(classifier, name), _scoring()
    nodes = [helper.make_node(kind, i, [o], **more) for kind, i, o, more in steps]
    constants = {
        "one": np.array(1.0),
        "idf": classifier.idf_,
        "weights": classifier.weights_,
        "last": np.array([1], dtype=np.int64),
        "intercept": np.array(classifier.intercept_),
        **_calibration(slope, intercept),
    }
    graph = helper.make_graph(
        [count, *nodes],
        "words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "n_tokens"])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [1])],
        initializer=_initializers(constants),
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        graph, producer_name="assay", ir_version=IR_VERSION, opset_imports=opsets
    )
    return _written(model, {TOKENIZER: classifier.tokenizer()})


def encoder_graph(
    log_odds: bytes, tokenizer: str, slope: float, intercept: float
) -> bytes:
    """Return an encoder's graph with its calibration and its tokenizer.

    Parameters
    ----------
    log_odds : bytes
        The ONNX model from tokens to the float32 output ``log_odds`` of shape (1,).
    tokenizer : str
        As JSON.
    slope, intercept : float
        Calibration, computed in float64.
    """
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_from_string(log_odds)
    graph = model.graph
    (output,) = graph.output
    cast = helper.make_node("Cast", [output.name], ["exact"], to=TensorProto.DOUBLE)
    steps = [
        (k, [{"log_odds": "exact"}.get(n, n) for n in i], o)
        for k, i, o, _ in _CALIBRATION
    ]
    graph.node.extend([cast, *(helper.make_node(k, i, [o]) for k, i, o in steps)])
    graph.initializer.extend(_initializers(_calibration(slope, intercept)))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [1]))
    for node in graph.node:
        node.ClearField("doc_string")  # it names files of the machine that traced
    return _written(model, {TOKENIZER: tokenizer, PRECISION: "float32"})


_CALIBRATION: list[tuple[str, list[str], str, dict[str, Any]]] = [
    ("Mul", ["log_odds", "calibration_slope"], "sloped", {}),
    ("Add", ["sloped", "calibration_intercept"], "calibrated", {}),
    ("Sigmoid", ["calibrated"], OUTPUT, {}),
]


def _scoring() -> list[tuple[str, list[str], str, dict[str, Any]]]:
    """Return the steps from counts of terms to the probability."""
    from onnx import TensorProto

    return [
        ("Cast", ["counts"], "times", {"to": TensorProto.DOUBLE}),
        ("Sign", ["times"], "occurs", {}),
        ("Max", ["times", "one"], "at_least_one", {}),
        ("Log", ["at_least_one"], "damped", {}),
        ("Add", ["occurs", "damped"], "frequency", {}),
        ("Mul", ["frequency", "idf"], "columns", {}),
        ("MatMul", ["columns", "weights"], "sum", {}),
        ("ReduceL2", ["columns", "last"], "length", {"keepdims": 0}),
        ("Max", ["length", "one"], "divisor", {}),
        ("Div", ["sum", "divisor"], "scaled", {}),
        ("Add", ["scaled", "intercept"], "log_odds", {}),
        *_CALIBRATION,
    ]


def _calibration(slope: float, intercept: float) -> dict[str, Any]:
    return {
        "calibration_slope": np.array(slope),
        "calibration_intercept": np.array(intercept),
    }


def _counting(classifier: WordClassifier, name: str) -> Any:  # noqa: ANN401 # onnx is untyped
    """Return the node that counts each term among a text's tokens."""
    from onnx import helper

    numbers, terms = classifier.numbers(), classifier.terms_
    lengths = range(1, classifier.most_words + 1)
    places = [[i for i, t in enumerate(terms) if len(t) == length] for length in lengths]
    pools = [[numbers[word] for i in each for word in terms[i]] for each in places]
    starts = np.cumsum([0, *(len(pool) for pool in pools[:-1])])
    return helper.make_node(
        "TfIdfVectorizer",
        [name],
        ["counts"],
        mode="TF",
        min_gram_length=1,
        max_gram_length=classifier.most_words,
        max_skip_count=0,
        ngram_counts=starts.tolist(),
        ngram_indexes=[i for each in places for i in each],
        pool_int64s=[number for pool in pools for number in pool],
    )


def _initializers(constants: dict[str, Any]) -> list[Any]:
    from onnx import numpy_helper

    return [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]


def _written(model: Any, metadata: dict[str, str]) -> bytes:  # noqa: ANN401 # onnx is untyped
    from onnx import checker, helper

    helper.set_model_props(model, metadata)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
