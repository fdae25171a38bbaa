"""Graphs answer as their trainer does; wrong ones are found."""

import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import helper, numpy_helper
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from assay.bundle import Scorer
from assay.contract import read_contract
from assay.errors import BundleError, DataError, ParityError
from assay.models import Calibrator, check_parity, onnx_graph, unfitted_pipeline
from assay.models.estimators import fitted_on_matrix
from assay.models.parity import feature_columns, parity_rows
from assay.models.trees import flat_trees

NAN, INF = np.nan, np.inf
PLAIN = Calibrator(1.0, 0.0)


def wide_contract(n_features):
    fields = "".join(
        f'[[field]]\nname = "x{i}"\ndtype = "number"\nnulls = "allow"\n'
        for i in range(n_features)
    )
    return read_contract(
        'name = "wide"\nrevision = 1\npurpose = "p"\nowner = "o"\nlabel = {field = "y"}\n'
        '[decision]\nname = "d"\npositive_action = "a"\nnegative_action = "b"\n'
        'costs = {unit = "u", false_positive = 1, false_negative = 1}\n'
        "[gates]\nfloors = {auc = 0.5}\nmargins = {auc = 0.0}\n"
        f'{fields}[[field]]\nname = "y"\ndtype = "integer"\nrole = "label"\n'
    )


def scores(pipeline, contract, matrix):
    """Probabilities of the graph and of the trainer, for a matrix of numbers."""
    columns = {f"x{i}": matrix[:, i] for i in range(matrix.shape[1])}
    found = Scorer(onnx_graph(pipeline, PLAIN, contract), contract).probabilities(columns)
    frame = pd.DataFrame(columns)
    return found, expit(pipeline.decision_function(frame))


def boosted(matrix, labels, contract, **parameters):
    pipeline = unfitted_pipeline("boosting", contract, parameters)
    return fitted_on_matrix(pipeline, matrix, labels)


def test_boosting_is_exact_at_thresholds_with_missing_and_unseen_values(fitted, frame):
    found = check_parity(fitted.graph(), fitted, frame)
    assert found.largest_difference <= 2e-15
    assert (found.n_rows, found.n_threshold_rows) == (10_000, 5_000)
    assert (found.n_missing_rows, found.n_unseen_rows, found.n_bounds_rows) == (
        1_000,
    ) * 3


def test_logistic_regression_is_exact(linear, frame):
    assert check_parity(linear.graph(), linear, frame).largest_difference <= 4e-15


def test_rows_at_thresholds_hold_every_threshold_or_as_many_as_fit(fitted, frame):
    rows, kinds = parity_rows(fitted, frame, n_rows=10_000, seed=0)
    trees = flat_trees(fitted.pipeline[-1])
    at = rows["amount"].to_numpy()[np.array(kinds) == "threshold"]
    thresholds = trees.thresholds_of(0)
    assert len(thresholds) > 50
    assert np.isin(np.nextafter(thresholds, INF), at).all()
    assert np.isin(thresholds, at).all()


def changed(graph, change):
    model = onnx.load_from_string(graph)
    node = next(n for n in model.graph.node if n.op_type == "TreeEnsemble")
    attributes = {a.name: a for a in node.attribute}
    change(attributes)
    return model.SerializeToString()


def test_thresholds_in_float32_are_found(fitted, frame):
    def round_off(attributes):
        splits = numpy_helper.to_array(attributes["nodes_splits"].t)
        rounded = splits.astype(np.float32).astype(np.float64)
        attributes["nodes_splits"].t.CopyFrom(numpy_helper.from_array(rounded, "splits"))

    with pytest.raises(ParityError, match="worst is a row of kind 'threshold'"):
        check_parity(changed(fitted.graph(), round_off), fitted, frame)


def test_less_than_in_place_of_at_most_is_found(fitted, frame):
    def less(attributes):
        modes = numpy_helper.to_array(attributes["nodes_modes"].t) + 1
        modes = modes.astype(np.uint8)
        attributes["nodes_modes"].t.CopyFrom(numpy_helper.from_array(modes, "modes"))

    with pytest.raises(ParityError, match="'threshold'"):
        check_parity(changed(fitted.graph(), less), fitted, frame)


def test_a_missing_value_sent_the_wrong_way_is_found(fitted, frame):
    def flip(attributes):
        attribute = attributes["nodes_missing_value_tracks_true"]
        flipped = [1 - flag for flag in attribute.ints]
        attribute.CopyFrom(helper.make_attribute(attribute.name, flipped))

    with pytest.raises(ParityError, match="differ from the trainer's by up to"):
        check_parity(changed(fitted.graph(), flip), fitted, frame)


def test_a_category_out_of_order_is_found(fitted, frame):
    model = onnx.load_from_string(fitted.graph())
    node = next(n for n in model.graph.node if n.op_type == "LabelEncoder")
    keys = next(a for a in node.attribute if a.name == "keys_tensor")
    words = numpy_helper.to_array(keys.t)[[1, 0, 2, 3]].astype(object)
    keys.t.CopyFrom(numpy_helper.from_array(words, "keys"))
    with pytest.raises(ParityError, match="must not be registered"):
        check_parity(model.SerializeToString(), fitted, frame)


def test_missing_against_the_rest_is_a_split_at_infinity_and_stays_one():
    contract = wide_contract(1)
    rng = np.random.default_rng(0)
    lacks = rng.random(400) < 0.5
    matrix = np.where(lacks, NAN, 1.0)[:, None]
    labels = (rng.random(400) < np.where(lacks, 0.8, 0.2)).astype(float)
    pipeline = boosted(matrix, labels, contract, max_features=1.0)
    assert np.isinf(flat_trees(pipeline[-1]).threshold).any()
    probe = np.array([[NAN], [1.0], [-1e308], [1e308]])
    found, expected = scores(pipeline, contract, probe)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    assert found[0] > 0.7 > 0.3 > found[3]


def test_trees_of_one_leaf_are_kept():
    contract = wide_contract(1)
    matrix, labels = np.ones((60, 1)), np.tile([0.0, 1.0, 1.0], 20)
    pipeline = boosted(matrix, labels, contract)
    assert flat_trees(pipeline[-1]).is_leaf.all()
    found, expected = scores(pipeline, contract, np.array([[NAN], [3.0]]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    assert found == pytest.approx([2 / 3, 2 / 3])


@pytest.mark.parametrize("n_rows", [1, 100_000])
def test_hundreds_of_inputs_and_any_number_of_rows(n_rows):
    n_features = 300
    contract = wide_contract(n_features)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, n_features))
    labels = (matrix[:, 0] + rng.normal(size=300) > 0).astype(float)
    matrix[rng.random(matrix.shape) < 0.1] = NAN
    pipeline = boosted(matrix, labels, contract, max_iter=20)
    probe = np.resize(matrix, (n_rows, n_features))
    found, expected = scores(pipeline, contract, probe)
    assert found.shape == (n_rows,)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_native_categories_are_refused():
    contract = wide_contract(1)
    matrix = np.tile([[0.0], [1.0], [2.0]], (60, 1))
    labels = (matrix[:, 0] == 1).astype(float)
    pipeline = unfitted_pipeline("boosting", contract)
    pipeline.steps[-1] = (
        "classifier",
        HistGradientBoostingClassifier(categorical_features=[0]).fit(matrix, labels),
    )
    with pytest.raises(BundleError, match="splits on native categories"):
        onnx_graph(pipeline, PLAIN, contract)


def test_models_without_a_graph_are_refused(contract):
    with pytest.raises(BundleError, match="holds no trees"):
        onnx_graph(unfitted_pipeline("boosting", contract), PLAIN, contract)
    matrix, labels = np.arange(90.0)[:, None], np.tile([0, 1, 2], 30)
    pipeline = unfitted_pipeline("boosting", contract)
    pipeline[-1].fit(matrix, labels)
    with pytest.raises(BundleError, match="more than two classes"):
        onnx_graph(pipeline, PLAIN, contract)
    pipeline.steps[-1] = ("classifier", object())
    with pytest.raises(BundleError, match="no graph for object"):
        onnx_graph(pipeline, PLAIN, contract)


def test_the_same_model_gives_the_same_bytes(fitted, linear):
    assert fitted.graph() == fitted.graph()
    assert linear.graph() == linear.graph()


def test_skl2onnx_agrees_where_it_is_right_on_a_linear_model_in_float64():
    import onnxruntime
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType

    contract = wide_contract(5)
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(500, 5))
    labels = (matrix[:, 0] + rng.normal(size=500) > 0).astype(float)
    pipeline = fitted_on_matrix(unfitted_pipeline("logistic", contract), matrix, labels)
    ours, _ = scores(pipeline, contract, matrix)
    oracle = to_onnx(
        pipeline[-1],
        initial_types=[("x", DoubleTensorType([None, 5]))],
        options={"zipmap": False},
        target_opset={"": 21, "ai.onnx.ml": 3},
    )
    session = onnxruntime.InferenceSession(oracle.SerializeToString())
    theirs = session.run(None, {"x": pipeline["columns"].transform(matrix)})[1][:, 1]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-14)


def test_no_rows_to_draw_from_is_an_error(fitted, frame):
    with pytest.raises(DataError, match="no rows to draw from"):
        check_parity(fitted.graph(), fitted, frame.head(0))


def test_feature_columns_are_the_contracts(frame, contract):
    names = [field.name for field in contract.features]
    assert list(feature_columns(frame, contract)) == names
