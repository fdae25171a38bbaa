"""Metrics against scikit-learn, scipy and hand values; intervals against the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from sklearn import metrics as oracle
from statsmodels.api import GLM, add_constant, families

from assay.contract import CostMatrix
from assay.errors import ConfigError, DataError
from assay.evaluation import compare_on_holdout, evaluate
from assay.evaluation.columns import SumMetrics
from assay.evaluation.metrics import MOST_RESAMPLED_ROWS, _Measured
from assay.evaluation.ranking import ranking_influence, ranking_metrics, scored

COSTS = CostMatrix(
    unit="USD", true_positive=-1, false_positive=4, true_negative=-0.5, false_negative=20
)


@st.composite
def tables(draw):
    """Draw labels of both classes and probabilities with many ties, 0 and 1 included."""
    n_rows = draw(st.integers(2, 40))
    labels = draw(st.lists(st.integers(0, 1), min_size=n_rows, max_size=n_rows))
    labels[:2] = 0, 1
    levels = st.one_of(st.integers(0, 6).map(lambda k: k / 6), st.floats(0, 1))
    chances = draw(st.lists(levels, min_size=n_rows, max_size=n_rows))
    return np.array(labels, float), np.array(chances, float)


@given(table=tables(), threshold=st.sampled_from([0.1, 0.5, 1 / 6]))
@settings(max_examples=80, deadline=None)
def test_every_metric_equals_its_oracle_with_ties_and_extremes(table, threshold):
    labels, chances = table
    found = _Measured(scored(labels, chances), threshold, COSTS).values()
    adverse = chances >= threshold
    tn, fp, fn, tp = oracle.confusion_matrix(labels, adverse, labels=[0, 1]).ravel()
    n = len(labels)
    expected = {
        "auc": oracle.roc_auc_score(labels, chances),
        "average_precision": oracle.average_precision_score(labels, chances),
        "ks": ks_2samp(chances[labels == 1], chances[labels == 0]).statistic,
        "brier": oracle.brier_score_loss(labels, chances),
        "log_loss": oracle.log_loss(labels, chances),
        "cost": (-tp + 4 * fp - 0.5 * tn + 20 * fn) / n,
        "approval_share": (tn + fn) / n,
        "true_positive_share": tp / n,
        "false_positive_share": fp / n,
        "true_negative_share": tn / n,
        "false_negative_share": fn / n,
        "accepted_default_share": fn / (fn + tn) if fn + tn else np.nan,
    }
    assert {name: found[name] for name in expected} == pytest.approx(
        expected, abs=1e-12, nan_ok=True
    )


@given(table=tables(), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_weights_mean_repeated_rows(table, seed):
    labels, chances = table
    counts = np.random.default_rng(seed).integers(0, 3, len(labels))
    counts[:2] += 1
    rows = scored(labels, chances)
    weighted = _Measured(rows, 0.5, COSTS).resampled(counts[None, :].astype(float))
    repeated = _Measured(
        scored(np.repeat(labels, counts), np.repeat(chances, counts)), 0.5, COSTS
    ).values()
    for name in ("auc", "average_precision", "ks", "brier", "log_loss", "cost"):
        assert weighted[name][0] == pytest.approx(repeated[name], abs=1e-12)


def test_a_hand_computed_calibration_error():
    # Ten bins of two rows each; every bin has mean .25 and one bad row in two.
    labels, chances = np.tile([0.0, 1.0], 10), np.linspace(0.24, 0.26, 20)
    found = SumMetrics(scored(labels, chances), 0.5, COSTS).values(np.ones((1, 20)))
    assert found["ece"][0] == pytest.approx(0.25, abs=1e-12)


def test_tied_rows_stay_in_one_calibration_bin():
    labels, chances = np.r_[np.zeros(50), np.ones(50)], np.full(100, 0.5)
    found = SumMetrics(scored(labels, chances), 0.5, COSTS).values(np.ones((1, 100)))
    assert found["ece"][0] == pytest.approx(0.0, abs=1e-12)


def test_slope_and_intercept_are_those_of_logistic_regressions(calibrated):
    rng = np.random.default_rng(1)
    labels, chances = calibrated(3_000, rng)
    skewed = chances**1.4
    found = _Measured(scored(labels, skewed), 0.5, COSTS).values()
    log_odds = np.log(skewed / (1 - skewed))
    fit = GLM(labels, add_constant(log_odds), family=families.Binomial()).fit()
    level = GLM(labels, np.ones(3_000), offset=log_odds, family=families.Binomial()).fit()
    assert found["calibration_intercept"] == pytest.approx(level.params[0], abs=1e-7)
    assert found["calibration_slope"] == pytest.approx(fit.params[1], abs=1e-7)
    errors = {
        name: np.std(values) / np.sqrt(len(labels))
        for name, values in _Measured(scored(labels, skewed), 0.5, COSTS)
        .influence()
        .items()
    }
    # Robust and model-based errors agree up to the misfit of the skewed scores.
    assert errors["calibration_slope"] == pytest.approx(fit.bse[1], rel=0.1)
    assert errors["calibration_intercept"] == pytest.approx(level.bse[0], rel=0.1)


@given(table=tables())
@settings(max_examples=60, deadline=None)
def test_influence_is_the_derivative_in_a_rows_weight(table):
    labels, chances = table
    rows = scored(labels, chances)
    influence = ranking_influence(rows)
    n, step = len(labels), 1e-6
    for row in (0, n // 2, n - 1):
        more, less = np.ones((1, n)), np.ones((1, n))
        more[0, row] += step
        less[0, row] -= step
        for name in ("auc", "average_precision"):
            up, down = (
                ranking_metrics(rows, weights)[name][0] for weights in (more, less)
            )
            slope = (up - down) / (2 * step)
            assert influence[name][row] / n == pytest.approx(slope, abs=1e-6)


def evaluation(labels, chances, seed=0, **options):
    return evaluate(
        labels,
        chances,
        threshold=0.3,
        costs=COSTS,
        rng=np.random.default_rng(seed),
        **options,
    )


def test_resamples_and_influence_give_the_same_intervals(calibrated):
    labels, chances = calibrated(4_000, np.random.default_rng(5))
    resampled = evaluation(labels, chances, n_resamples=2_000).metrics
    influence = _Measured(scored(labels, chances), 0.3, COSTS).influence()
    for name, found in resampled.items():
        if name in ("ks", "ece"):
            continue  # not smooth at zero: compared in docs/methods/metrics.md only
        width = 2 * 1.959964 * np.std(influence[name]) / np.sqrt(len(labels))
        assert found.high - found.low == pytest.approx(width, rel=0.08), name
        assert found.low <= found.value <= found.high


def test_delong_and_resamples_agree_on_the_auc(calibrated):
    found = evaluation(*calibrated(3_000, np.random.default_rng(8)), n_resamples=2_000)
    assert found.metrics["auc"].low == pytest.approx(found.auc_delong.low, abs=0.002)
    assert found.metrics["auc"].value == found.auc_delong.value


def test_intervals_hold_the_truth_as_often_as_they_say(calibrated):
    rng = np.random.default_rng(11)
    labels, chances = calibrated(1_000_000, rng)
    truth = evaluation(labels, chances).metrics
    names = (
        *("auc", "average_precision", "brier", "log_loss", "cost", "approval_share"),
        *("accepted_default_share", "calibration_slope", "calibration_intercept"),
    )
    n_worlds = 300
    hits = dict.fromkeys(names, 0)
    for seed in range(n_worlds):
        found = evaluation(*calibrated(500, rng), seed, n_resamples=200).metrics
        for name in names:
            hits[name] += found[name].low <= truth[name].value <= found[name].high
    # Four binomial standard errors of 300 worlds, plus 1.5 % for 500 rows a world.
    allowed = 4 * np.sqrt(0.95 * 0.05 / n_worlds) + 0.015
    assert {name: n / n_worlds for name, n in hits.items()} == pytest.approx(
        dict.fromkeys(names, 0.95), abs=allowed
    )


def compared(labels, champion, challenger, seed=0, n_resamples=1_000):
    return compare_on_holdout(
        labels,
        champion,
        challenger,
        champion_threshold=0.3,
        challenger_threshold=0.3,
        costs=COSTS,
        rng=np.random.default_rng(seed),
        n_resamples=n_resamples,
    )


def test_a_model_compared_with_itself_differs_by_exactly_nothing(calibrated):
    labels, chances = calibrated(400, np.random.default_rng(2))
    for found in compared(labels, chances, chances).values():
        assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_pairing_makes_the_interval_of_a_difference_narrow(calibrated):
    rng = np.random.default_rng(4)
    labels, chances = calibrated(3_000, rng)
    noisy = np.clip(chances + rng.normal(0, 0.08, len(chances)), 0.001, 0.999)
    paired = compared(labels, noisy, chances)["auc"]
    alone = evaluation(labels, chances).metrics["auc"]
    values = [evaluation(labels, each).metrics["auc"].value for each in (noisy, chances)]
    assert paired.value == pytest.approx(values[1] - values[0], abs=1e-12)
    assert paired.low > 0
    assert paired.high - paired.low < 0.6 * (alone.high - alone.low)


def test_paired_intervals_of_a_difference_hold_zero_between_equals(calibrated):
    rng = np.random.default_rng(21)
    n_worlds, hits = 300, 0
    for seed in range(n_worlds):
        labels, chances = calibrated(400, rng)
        first, second = (
            np.clip(chances + rng.normal(0, 0.1, 400), 0.001, 0.999) for _ in range(2)
        )
        found = compared(labels, first, second, seed, n_resamples=200)["auc"]
        hits += found.low <= 0 <= found.high
    assert hits / n_worlds == pytest.approx(0.95, abs=4 * np.sqrt(0.0475 / n_worlds))


def test_many_rows_use_influence_values_and_agree_with_resamples(calibrated):
    rng = np.random.default_rng(6)
    labels, chances = calibrated(MOST_RESAMPLED_ROWS + 1, rng)
    large = evaluation(labels, chances)
    small = evaluation(labels[:-1], chances[:-1], n_resamples=400)
    assert (large.method, large.n_resamples) == ("influence", 0)
    assert (small.method, small.n_resamples) == ("bootstrap", 400)
    for name in ("auc", "brier", "cost", "average_precision"):
        widths = [e.metrics[name].high - e.metrics[name].low for e in (large, small)]
        assert widths[0] == pytest.approx(widths[1], rel=0.15), name
    other = np.clip(chances + rng.normal(0, 0.05, len(chances)), 0, 1)
    assert compared(labels, other, chances)["auc"].low > 0


def test_the_same_seed_gives_the_same_bits_and_another_does_not(calibrated):
    table = calibrated(500, np.random.default_rng(9))
    assert evaluation(*table, 1) == evaluation(*table, 1)
    assert evaluation(*table, 1) != evaluation(*table, 2)


def test_rows_in_another_order_give_the_same_values(calibrated):
    labels, chances = calibrated(500, np.random.default_rng(9))
    turned = np.random.default_rng(0).permutation(500)
    first = evaluation(labels, chances).metrics
    second = evaluation(labels[turned], chances[turned]).metrics
    assert {k: v.value for k, v in first.items()} == pytest.approx(
        {k: v.value for k, v in second.items()}
    )


def test_a_share_among_accepted_rows_is_left_out_where_nobody_is_accepted():
    labels, chances = np.tile([0.0, 1.0], 50), np.linspace(0.5, 0.9, 100)
    found = evaluation(labels, chances)
    assert "accepted_default_share" not in found.metrics
    assert found.metrics["approval_share"].value == 0
    assert all(interval.is_defined for interval in found.metrics.values())


def test_constant_probabilities_have_no_ranking_but_all_metrics():
    found = evaluation(np.tile([0.0, 1.0], 50), np.full(100, 0.4)).metrics
    assert found["auc"].value == 0.5
    assert found["ks"].value == 0
    assert found["average_precision"].value == 0.5


@pytest.mark.parametrize(
    ("labels", "chances", "message"),
    [
        ([0, 1, np.nan], [0.1, 0.2, 0.3], "1 of 3 labels are neither 0 nor 1"),
        ([0, 1, 1], [0.1, np.nan, 0.3], "1 of 3 probabilities are NaN or outside"),
        ([0, 1, 1], [0.1, 1.2, 0.3], "1 of 3 probabilities are NaN or outside"),
        ([0, 0, 0], [0.1, 0.2, 0.3], "0 of 3 outcomes are bad"),
        ([1, 1], [0.1, 0.2], "2 of 2 outcomes are bad"),
        ([0, 1], [0.1, 0.2, 0.3], r"shape \(2,\) and probabilities \(3,\)"),
    ],
)
def test_values_that_cannot_be_measured_are_refused(labels, chances, message):
    with pytest.raises(DataError, match=message):
        evaluation(labels, chances)


def test_too_few_resamples_for_an_interval_are_refused():
    with pytest.raises(ConfigError, match="20 resamples are too few"):
        evaluation([0, 1], [0.1, 0.2], n_resamples=20)
