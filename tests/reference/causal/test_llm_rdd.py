"""The routing tutorial: regression discontinuity at a confidence of 0.85.

Tolerances are the manifest's. Premium routing is below the cutoff, so the tutorial's
effects are left minus right; rdrobust's are right minus left. Its own code printed
2,472 for the first two-point bin, because 0.80 + 0.02 is more than 0.82 in floating
point; counted in ten-thousandths the bin holds the 2,461 of its text.
"""

from itertools import pairwise

import numpy as np
import pytest

from assay.causal.discontinuity import (
    Columns,
    LocalSpec,
    density_jump,
    fold,
    local_jump,
    resampled_jumps,
    sharp_jump,
    window_jump,
)

CUTOFF = 0.85
SPECS = {
    "lin_0.05": (0.05, 1, "bootstrap CI bw .05"),
    "lin_0.1": (0.1, 1, "bootstrap CI bw .10"),
    "lin_0.15": (0.15, 1, "bootstrap CI bw .15"),
    "lin_0.2": (0.2, 1, "bootstrap CI bw .20"),
    "quad_0.1": (0.1, 2, "bootstrap CI quad .10"),
}


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("llm_rdd")


@pytest.fixture(scope="module")
def columns(case):
    return case.frame["query_confidence"], case.frame["task_completed"]


@pytest.fixture(scope="module")
def result(case):
    return sharp_jump(
        case.frame,
        outcome="task_completed",
        running="query_confidence",
        cutoff=CUTOFF,
        treated_above=False,
        treatment="routed_to_premium",
    )


def test_counts_quantiles_and_naive_difference_are_the_tutorials(case, columns, result):
    running, outcome = columns
    premium = case.frame["routed_to_premium"] == 1
    case.assert_within("premium / cheap counts", [premium.sum(), (~premium).sum()])
    # Four rows were routed before their confidence was rounded up to the cutoff.
    assert int((premium & (running >= CUTOFF)).sum()) == 4
    described = running.describe()[["mean", "std", "min", "25%", "50%", "75%", "max"]]
    printed = np.round(described.to_numpy(), 3)
    case.assert_within("query_confidence mean,sd,min,q25,q50,q75,max", printed)
    naive = outcome[premium].mean() - outcome[~premium].mean()
    case.assert_within("naive", naive)
    assert result.diagnostics["naive_difference"] == pytest.approx(naive, abs=5e-4)


def test_two_point_bins_hold_what_the_text_says_and_floating_point_moves_eleven(
    case, columns
):
    running = columns[0].to_numpy()
    exact = np.rint(running * 10_000).astype(int)
    edges = np.arange(8_000, 9_001, 200)
    counts = [np.sum((exact >= a) & (exact < b)) for a, b in pairwise(edges)]
    case.assert_within("2pp bin counts [.80,.82)..[.88,.90)", counts)
    assert np.sum((running >= 0.80) & (running < 0.80 + 0.02)) == 2_472


@pytest.mark.parametrize("name", SPECS)
def test_windows_give_the_tutorials_effect_error_and_p(case, columns, name):
    bandwidth, order, _ = SPECS[name]
    found = window_jump(*columns, cutoff=CUTOFF, bandwidth=bandwidth, order=order)
    case.assert_within(f"{name} n", found.n)
    case.assert_within(f"{name} effect", -found.jump)
    case.assert_within(f"{name} HC3 SE", found.standard_error)
    case.assert_within(f"{name} p", found.p_value)


@pytest.mark.parametrize("name", SPECS)
def test_the_same_draws_give_the_tutorials_bootstrap_interval(case, columns, name):
    bandwidth, order, quantity = SPECS[name]
    n = case.expected[f"{name} n"]["value"]
    rng = np.random.default_rng(7)
    draws = (rng.integers(0, n, size=n) for _ in range(500))
    jumps = resampled_jumps(
        *columns, draws, cutoff=CUTOFF, bandwidth=bandwidth, order=order
    )
    case.assert_within(quantity, np.percentile(-jumps, [2.5, 97.5]))


def test_the_robust_interval_is_the_one_of_rdrobust(case, columns, result):
    running, outcome = columns
    found = local_jump(fold(running, [outcome], cutoff=CUTOFF), Columns(), LocalSpec())
    case.assert_within(
        "rdrobust conventional (effect of ABOVE cutoff, sign flipped)", found.jump
    )
    case.assert_within("rdrobust robust CI", found.robust_interval)
    case.assert_within("rdrobust robust p", found.robust_p_value)
    widths = found.bandwidths
    case.assert_within("rdrobust h, b", [widths.main[0], widths.bias[0]])
    case.assert_within("rdrobust N_h", found.n_effective)
    assert result.estimate.value == -found.jump
    assert result.estimate.interval == tuple(-end for end in found.robust_interval[::-1])


def test_the_density_does_not_jump(case, columns):
    found = density_jump(columns[0], cutoff=CUTOFF)
    case.assert_within("rddensity T_jk, p", [found.statistic, found.p_value])


def test_every_quantity_of_the_case_is_checked_in_this_file(case):
    checked = {quantity for _, _, quantity in SPECS.values()}
    for name in SPECS:
        checked |= {f"{name} {part}" for part in ("n", "effect", "HC3 SE", "p")}
    assert len(case.expected) - len(checked) == 10
