"""Carry-over between blocks is seen where it is, and not where it is not."""

import numpy as np
import pandas as pd
import pytest

from assay.causal.experiments import switchback


def market(seed, leak=0.0, n_blocks=60, length=12, alternate=False, city=None):
    """Return blocks whose first eight hours remember the block before by `leak`."""
    rng = np.random.default_rng(seed)
    on = np.arange(n_blocks) % 2
    on = on if alternate else rng.permutation(on)
    block, hour = np.divmod(np.arange(n_blocks * length), length)
    before = np.concatenate([[0], on[:-1]])
    fading = leak * np.clip(1 - hour / 8, 0, 1) * (before - on)[block]
    y = on[block] + fading + rng.normal(size=block.size)
    frame = pd.DataFrame(
        {"y": y, "on": on[block], "hour": np.arange(block.size), "block": block}
    )
    return frame if city is None else frame.assign(city=city)


def judged(frame, carryover_periods=0, block="block", market=None):
    found = switchback(
        frame, outcome="y", treated="on", period="hour", block=block, market=market,
        carryover_periods=carryover_periods,
    )  # fmt: skip
    (one,) = (a for a in found.assumptions if a.name == "no carry-over")
    return one


def test_the_difference_is_that_of_means_by_the_arm_before():
    frame = market(3, leak=1.0)
    means = frame.groupby("block").agg(on=("on", "first"), y=("y", "mean"))
    cells = means.assign(before=means["on"].shift()).groupby(["on", "before"])["y"].mean()
    by_hand = (cells[0, 1] - cells[0, 0] + cells[1, 1] - cells[1, 0]) / 2
    assert judged(frame).statistic == pytest.approx(by_hand)


def test_a_block_that_remembers_is_caught_and_one_that_does_not_is_reported():
    n_runs = 100
    alarms = [judged(market(seed)).state for seed in range(n_runs)]
    caught = [judged(market(seed, leak=2.0)).state for seed in range(n_runs)]
    # 5 % of 100 runs has a binomial standard error of 2.2.
    assert sum(state != "holds" for state in alarms) <= 5 + 3 * 2.2
    assert sum(state != "holds" for state in caught) >= 95


def test_leaving_out_what_remembers_settles_it():
    states = [judged(market(s, leak=3.0), carryover_periods=8).state for s in range(40)]
    assert sum(state != "holds" for state in states) <= 6


def test_where_every_block_is_a_switch_the_halves_of_the_blocks_are_compared():
    kept = judged(market(1, leak=2.0, alternate=True), block=None)
    assert "first half" in kept.finding
    assert kept.state != "holds"
    assert judged(market(1, alternate=True), block=None).state == "holds"


def test_the_block_before_is_that_of_the_same_market():
    cities = [market(seed, leak=2.0, city=f"c{seed}") for seed in range(2)]
    both = judged(pd.concat(cities, ignore_index=True), market="city")
    means = []
    for frame in cities:
        table = frame.groupby("block").agg(on=("on", "first"), y=("y", "mean"))
        means.append(table.assign(before=table["on"].shift()))
    cells = pd.concat(means).groupby(["on", "before"])["y"].mean()
    by_hand = (cells[0, 1] - cells[0, 0] + cells[1, 1] - cells[1, 0]) / 2
    assert both.statistic == pytest.approx(by_hand)


def test_too_few_blocks_to_compare_are_said_to_be_untested():
    few = market(0, n_blocks=4, length=1)
    assert judged(few).state == "untestable"
