"""Instrumental variables against linearmodels, hand values and simulated truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assay.causal import verdict
from assay.causal.instruments import instrumented_effect
from assay.causal.instruments.anderson_rubin import anderson_rubin
from assay.causal.instruments.moments import partialled_out
from assay.causal.instruments.strength import first_stage_strength
from assay.errors import DataError

NAMES = {"outcome": "y", "treatment": "d", "instruments": ["z"]}


def simulated(n=400, push=0.5, n_instruments=1, effect=1.0, seed=0, leak=0.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, n_instruments))
    hidden = rng.normal(size=n)
    d = push * z.sum(axis=1) / np.sqrt(n_instruments) + hidden + rng.normal(size=n)
    y = effect * d + 2 * hidden + leak * z[:, 0] + rng.normal(size=n)
    frame = pd.DataFrame({"y": y, "d": d, "x": rng.normal(size=n)})
    names = ["z"] if n_instruments == 1 else [f"z{i}" for i in range(n_instruments)]
    frame[names] = z
    return frame, names


def partialled(frame, names, **options):
    return partialled_out(
        frame["y"].to_numpy(),
        frame["d"].to_numpy(),
        frame[names].to_numpy(),
        np.column_stack([np.ones(len(frame)), frame["x"]]),
        **options,
    )


def test_wald_by_hand():
    # Encouragement moves treatment by 1/2 and the outcome by 1: the ratio is 2.
    frame = pd.DataFrame(
        {
            "z": [0, 0, 0, 0, 1, 1, 1, 1],
            "d": [0, 0, 0, 1, 0, 1, 1, 1],
            "y": [0, 1, 0, 2, 1, 2, 2, 2],
        }
    )
    found = instrumented_effect(frame, **NAMES, errors="unadjusted")
    assert found.estimate.value == pytest.approx(2.0)
    assert found.first_stage["coefficient"].iloc[0] == pytest.approx(0.5)


def test_the_anderson_rubin_set_holds_exactly_the_effects_that_a_regression_accepts():
    import statsmodels.api as sm

    frame, names = simulated(n_instruments=3)
    data = partialled(frame, names, robust=False)
    low, high = anderson_rubin(data).interval

    def p_value(effect):
        design = sm.add_constant(frame[["x", *names]])
        fit = sm.OLS(frame["y"] - effect * frame["d"], design).fit()
        return float(fit.f_test(np.eye(5)[2:]).pvalue)

    assert p_value(low) == pytest.approx(0.05, abs=1e-9)
    assert p_value(high) == pytest.approx(0.05, abs=1e-9)


def test_the_robust_set_ends_where_a_robust_regression_stops_accepting():
    import statsmodels.api as sm

    for n_instruments in (1, 2):
        frame, names = simulated(push=0.5, n_instruments=n_instruments, seed=1)
        design = sm.add_constant(frame[["x", *names]])
        for end in anderson_rubin(partialled(frame, names)).interval:
            fit = sm.OLS(frame["y"] - end * frame["d"], design).fit(
                cov_type="HC1", use_t=True
            )
            p_value = float(fit.f_test(np.eye(2 + n_instruments)[2:]).pvalue)
            # Ours takes the residual's variance at the effect, as HC1 does.
            assert p_value == pytest.approx(0.05, abs=1e-8)


def test_an_irrelevant_instrument_gives_an_unbounded_set_and_is_withheld():
    frame, _ = simulated(push=0.0, seed=3)
    found = instrumented_effect(frame, **NAMES)
    assert found.anderson_rubin.shape in ("unbounded", "disjoint")
    assert np.isinf(found.anderson_rubin.interval).all()
    assert verdict(found.assumptions) == "withhold"


def test_instruments_that_contradict_each_other_empty_the_set_and_are_withheld():
    frame, names = simulated(n=2_000, push=2.0, n_instruments=2, leak=3.0)
    found = instrumented_effect(
        frame, outcome="y", treatment="d", instruments=names, errors="unadjusted"
    )
    assert found.anderson_rubin.shape == "empty"
    assert np.isnan(found.anderson_rubin.interval).all()
    assert verdict(found.assumptions) == "withhold"
    text = " ".join(a.finding for a in found.assumptions)
    assert "contradict each other" in text


def test_many_weak_instruments_are_not_reported():
    # Bekker's case: thirty instruments that together explain little.
    outcomes = []
    for seed in range(10):
        frame, names = simulated(n=500, push=0.15, n_instruments=30, seed=seed)
        found = instrumented_effect(frame, outcome="y", treatment="d", instruments=names)
        outcomes.append(verdict(found.assumptions))
    assert "report" not in outcomes
    assert outcomes.count("withhold") >= 9


def test_the_effective_f_of_one_instrument_is_its_squared_robust_t():
    frame, _ = simulated(push=0.2)
    found = instrumented_effect(frame, **NAMES, covariates=["x"])
    row = found.first_stage.iloc[0]
    t_squared = (row["coefficient"] / row["standard_error"]) ** 2
    assert found.strength.effective_f == pytest.approx(t_squared, rel=1e-10)


def test_with_equal_variances_the_effective_f_is_the_classical_one():
    frame, names = simulated(n_instruments=4)
    found = first_stage_strength(partialled(frame, names, robust=False))
    assert found.effective_f == pytest.approx(found.classical_f, rel=1e-12)
    # Equal weights: 4 degrees of freedom and a noncentrality of 10 each.
    assert found.critical_f == pytest.approx(stats.ncx2.ppf(0.95, 4, 40) / 4, rel=1e-12)


def test_rotating_the_instruments_changes_nothing():
    frame, names = simulated(n_instruments=3, push=0.4)
    rng = np.random.default_rng(9)
    turned = frame.copy()
    turned[names] = frame[names].to_numpy() @ rng.normal(size=(3, 3))
    options = {"outcome": "y", "treatment": "d", "instruments": names}
    first = instrumented_effect(frame, **options)
    second = instrumented_effect(turned, **options)
    assert second.estimate.value == pytest.approx(first.estimate.value, rel=1e-9)
    assert second.strength.effective_f == pytest.approx(
        first.strength.effective_f, rel=1e-9
    )
    assert second.anderson_rubin.interval == pytest.approx(
        first.anderson_rubin.interval, rel=1e-8
    )


def test_limited_information_leans_less_than_two_stages_with_many_instruments():
    leans = {"2sls": [], "liml": []}
    for seed in range(12):
        frame, names = simulated(n=400, push=0.6, n_instruments=25, seed=seed)
        for method, values in leans.items():
            found = instrumented_effect(
                frame, outcome="y", treatment="d", instruments=names, method=method
            )
            values.append(found.estimate.value - 1.0)
    assert abs(np.median(leans["liml"])) < 0.5 * abs(np.median(leans["2sls"]))


def test_the_anderson_rubin_set_covers_with_a_weak_instrument_and_wald_need_not():
    covered = 0
    for seed in range(300):
        frame, names = simulated(n=150, push=0.15, seed=seed)
        set_ = anderson_rubin(partialled(frame, names, robust=False), n_grid=101)
        covered += any(low <= 1.0 <= high for low, high in set_.pieces)
    # Binomial standard error at 0.95 is 0.0126; 3 of them.
    assert covered / 300 == pytest.approx(0.95, abs=0.038)


def test_clusters_enter_errors_first_stage_and_confidence_set():
    frame, _ = simulated(n=600)
    rng = np.random.default_rng(1)
    firm = np.repeat(np.arange(40), 15)
    frame["firm"] = firm
    frame["z"] += rng.normal(size=40)[firm]
    frame["d"] += 0.5 * (frame["z"] - frame["z"].mean())
    frame["y"] += rng.normal(size=40)[firm] * 2
    plain = instrumented_effect(frame, **NAMES)
    grouped = instrumented_effect(frame, **NAMES, errors="clustered", cluster="firm")
    assert grouped.estimate.value == pytest.approx(plain.estimate.value)
    assert grouped.estimate.standard_error > plain.estimate.standard_error
    row = grouped.first_stage.iloc[0]
    assert grouped.strength.effective_f == pytest.approx(
        (row["coefficient"] / row["standard_error"]) ** 2, rel=2e-3
    )
    assert "40 clusters" in [a.finding for a in grouped.assumptions]


def test_permuted_rows_give_the_same_bytes():
    frame, names = simulated(n_instruments=3, push=0.3)
    options = {"outcome": "y", "treatment": "d", "instruments": names}
    first = instrumented_effect(frame, covariates=["x"], **options)
    shuffled = frame.sample(frac=1, random_state=4)
    second = instrumented_effect(shuffled, covariates=["x"], **options)
    assert first.estimate == second.estimate
    assert dict(first.diagnostics) == dict(second.diagnostics)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"instruments": ["x2"]}, "not in the frame"),
        ({"x2": 1.0}, {"instruments": ["x2"]}, "linear combination"),
        ({}, {"instruments": ["z", "x"], "covariates": ["x"]}, "linear combination"),
        ({}, {"instruments": ["d"]}, "completely"),
        ({}, {"instruments": []}, "no instrument"),
        ({"d": 1.0}, {}, "without variation"),
        ({"g": 1}, {"errors": "clustered", "cluster": "g"}, "in one cluster"),
    ],
)
def test_bad_input_says_what_to_do(change, options, message):
    frame, _ = simulated(n=50)
    with pytest.raises(DataError, match=message):
        instrumented_effect(frame.assign(**change), **{**NAMES, **options})


def test_plots_are_figures():
    frame, _ = simulated()
    plots = instrumented_effect(frame, **NAMES).plots()
    assert list(plots) == ["anderson_rubin", "first_stage"]
    assert all(figure.axes for figure in plots.values())
