"""Contributions of a network against other ways to the same Shapley values."""

import itertools
import math

import numpy as np
import pytest

from assay.features import design_matrix
from assay.networks.parameters import KINDS
from assay.reasons import network_table, read_explainer
from tests.unit.networks.conftest import draw
from tests.unit.networks.test_training import train


@pytest.fixture(params=KINDS)
def network(request):
    found, _ = train(draw(1_000, 0), request.param, learning_rate=5e-3)
    return found.calibrated(1.3, -0.2)


def exact(network, row, background):
    """Return Shapley values by every coalition, (n_features,)."""
    n = len(row)

    def value(members):
        rows = background.copy()
        rows[:, list(members)] = row[list(members)]
        return network.log_odds(rows).mean()

    found = np.zeros(n)
    for feature in range(n):
        others = [each for each in range(n) if each != feature]
        for size in range(n):
            weight = 1 / (n * math.comb(n - 1, size))
            for members in itertools.combinations(others, size):
                gain = value((*members, feature)) - value(members)
                found[feature] += weight * gain
    return found


def test_contributions_add_up_to_the_log_odds(network):
    seen, _ = draw(1_000, 0)
    table = network_table(network, seen, seed=0)
    rows, _ = draw(20, 1)
    sums = table.contributions(rows).sum(axis=1) + table.expected
    assert np.allclose(sums, network.log_odds(rows), rtol=0, atol=1e-12)


def test_walks_over_all_orders_are_the_exact_shapley_values(network):
    """With each order once for each background row, sampling has no error."""
    seen, _ = draw(1_000, 0)
    orders = np.array(list(itertools.permutations(range(4))))
    table = network_table(network, seen, seed=0)
    few = table.background[:3]
    whole = type(table)(
        **{
            **{name: getattr(table, name) for name in table.__slots__},
            "background": np.repeat(few, len(orders), axis=0),
            "orders": np.tile(orders, (len(few), 1)),
        }
    )
    row = draw(1, 2)[0]
    found = whole.contributions(row)[0]
    assert np.allclose(found, exact(network, row[0], few), rtol=0, atol=1e-12)


def test_the_error_that_is_told_covers_the_distance_to_exact_values(network):
    seen, _ = draw(1_000, 0)
    rows, _ = draw(15, 3)
    table = network_table(network, seen, seed=0)
    wanted = np.array([exact(network, row, seen[:300]) for row in rows])
    off = np.abs(table.contributions(rows) - wanted)
    # A normal estimate lies within two standard errors in 95 of 100 cases; the rows
    # share their orders, so a quarter of the cases is left as room.
    assert (off <= 2 * table.errors(rows) + 1e-12).mean() > 0.7


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_shap_finds_the_same_with_the_same_background(network):
    import shap

    seen, _ = draw(1_000, 0)
    table = network_table(network, seen, seed=0)
    rows, _ = draw(3, 4)
    filled = np.nan_to_num(table.background, nan=0.5)
    orders = np.array(list(itertools.permutations(range(4))))
    whole = type(table)(
        **{
            **{name: getattr(table, name) for name in table.__slots__},
            "background": np.repeat(filled[:6], len(orders), axis=0),
            "orders": np.tile(orders, (6, 1)),
        }
    )
    rows = np.nan_to_num(rows, nan=-0.5)
    masker = shap.maskers.Independent(filled[:6], max_samples=6)
    theirs = shap.explainers.ExactExplainer(network.log_odds, masker)(rows).values
    assert np.allclose(whole.contributions(rows), theirs, rtol=0, atol=1e-9)


def test_a_feature_that_the_network_ignores_has_no_contribution():
    seen, labels = draw(1_000, 0)
    seen[:, 2] = 1.0  # constant: it has no column
    found, _ = train((seen, labels))
    table = network_table(found, seen, seed=0)
    found = table.contributions(draw(10, 1)[0])[:, 2]
    assert np.allclose(found, 0, rtol=0, atol=1e-14)  # rounding of a running sum


def test_the_document_reads_back_and_is_proven_on_golden_rows(frame, contract):
    from assay.models import fit_challenger, golden_rows
    from tasks.reasons import explainer_of, reasons_document

    fitted = fit_challenger(
        frame,
        contract,
        algorithm="residual_network",
        parameters={"width": 16, "most_epochs": 2},
        n_resamples=100,
        folds=0,
    )
    golden = golden_rows(fitted, frame)
    content = reasons_document(fitted, frame)
    assert content == reasons_document(fitted, frame)
    read = read_explainer(content, contract, golden.rows, golden.probabilities)
    rows = design_matrix(frame.iloc[:20], contract)[0]
    wanted = explainer_of(fitted, frame).contributions(rows)
    assert (read.contributions(rows) == wanted).all()
