"""Figures are drawn whole, with words and without global state."""

import sys

import numpy as np
import pytest

from assay.contract import read_contract
from assay.errors import DataError
from assay.evaluation import Interval, evaluate
from assay.evaluation.folds import mean_fold_auc
from assay.evaluation.importance import permutation_importance
from assay.evaluation.plots import evaluation_plots, png
from assay.evaluation.slices import by_slice

CONTRACT = read_contract(
    'name = "m"\nrevision = 1\npurpose = "p"\nowner = "o"\nlabel = {field = "y"}\n'
    '[decision]\nname = "d"\npositive_action = "refuse"\nnegative_action = "accept"\n'
    'costs = {unit = "USD", false_positive = 1, false_negative = 3}\n'
    "[gates]\nfloors = {auc = 0.5}\nmargins = {auc = 0.0}\n"
    '[[field]]\nname = "x"\ndtype = "number"\n'
    '[[field]]\nname = "age"\ndtype = "integer"\nrole = "protected"\n'
    '[[field]]\nname = "group"\ndtype = "category"\nrole = "protected"\n'
    'categories = ["a", "b", "c"]\n'
    '[[field]]\nname = "y"\ndtype = "integer"\nrole = "label"\n'
)


def drawn(labels, chances):
    found = evaluate(
        labels,
        chances,
        threshold=0.25,
        costs=CONTRACT.decision.costs,
        rng=np.random.default_rng(0),
        n_resamples=100,
    )
    importance = {"x": Interval(0.1, 0.05, 0.15), "z": Interval(-0.01, -0.02, 0.0)}
    return evaluation_plots(labels, chances, found, importance, CONTRACT)


def test_every_figure_has_words_on_its_axes_and_repeats_to_the_byte(calibrated):
    table = calibrated(2_000, np.random.default_rng(0))
    figures, again = drawn(*table), drawn(*table)
    assert list(figures) == [
        *("roc", "precision_recall", "calibration", "gain"),
        *("confusion", "importance", "scores"),
    ]
    for name, figure in figures.items():
        axes = figure.axes[0]
        assert axes.get_xlabel(), name
        assert axes.get_title(loc="left"), name
        image = png(figure)
        assert image.startswith(b"\x89PNG")
        assert image == png(again[name])
    assert "[" in figures["roc"].axes[0].get_title(loc="left")


def test_the_roc_goes_from_corner_to_corner_through_the_threshold(calibrated):
    labels, chances = calibrated(500, np.random.default_rng(1))
    axes = drawn(labels, chances)["roc"].axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert lines["model"][0].tolist() == [0, 0]
    assert lines["model"][-1].tolist() == [1, 1]
    adverse = chances >= 0.25
    rates = adverse[labels == 0].mean(), adverse[labels == 1].mean()
    assert lines["threshold 0.250"][0] == pytest.approx(rates)


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_constant_probabilities_are_drawn_too(level):
    for figure in drawn(np.tile([0.0, 1.0], 60), np.full(120, level)).values():
        assert png(figure)


def test_no_global_figure_is_made():
    assert (
        "matplotlib.pyplot" not in sys.modules
        or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_slices_hold_every_row_of_each_field_once(calibrated):
    import pandas as pd

    rng = np.random.default_rng(2)
    labels, chances = calibrated(1_000, rng)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(1_000) < 0.1, np.nan, rng.integers(18, 80, 1_000)),
            "group": rng.choice(["a", "b"], 1_000),
        }
    )
    found = by_slice(labels, chances, frame, CONTRACT, threshold=0.3)
    for field in ("age", "group"):
        assert sum(each.n_rows for each in found if each.field == field) == 1_000
    by_name = {(each.field, each.group): each for each in found}
    member = (frame["group"] == "a").to_numpy()
    assert by_name["group", "a"].approval_share.value == (chances[member] < 0.3).mean()
    assert by_name["age", "missing"].n_rows == frame["age"].isna().sum()
    assert ("group", "c") not in by_name


def test_a_feature_that_decides_matters_and_one_that_does_not_loses_nothing():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(4_000, 2))
    labels = (rng.random(4_000) < 1 / (1 + np.exp(-2 * matrix[:, 0]))).astype(float)
    before = matrix.copy()
    found = permutation_importance(
        labels,
        matrix,
        ["idle", "decides"][::-1],
        lambda rows: 1 / (1 + np.exp(-2 * rows[:, 0])),
        rng=rng,
    )
    assert list(found) == ["decides", "idle"]
    assert found["idle"] == Interval(0.0, 0.0, 0.0)
    # Dealt anew the score is independent of the label: what is left is 0.5.
    assert found["decides"].value == pytest.approx(0.357, abs=0.03)
    np.testing.assert_array_equal(matrix, before)


def test_one_fold_has_delongs_interval_and_a_shift_between_folds_is_harmless():
    rng = np.random.default_rng(4)
    labels = (rng.random(2_000) < 0.4).astype(float)
    scores = labels + rng.normal(size=2_000)
    whole = mean_fold_auc([(labels, scores)])
    halves = mean_fold_auc(
        [(labels[:1_000], scores[:1_000]), (labels[1_000:], scores[1_000:] + 50)]
    )
    assert halves.value == pytest.approx(whole.value, abs=0.01)
    assert halves.high - halves.low == pytest.approx(whole.high - whole.low, rel=0.05)
    with pytest.raises(DataError, match="no folds"):
        mean_fold_auc([])
