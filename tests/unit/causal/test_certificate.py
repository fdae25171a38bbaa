"""The coverage certificate: known truth, the same numbers for any number of workers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from assay.causal.certificate import Certificate, coverage_certificate
from assay.causal.plan import Plan
from assay.errors import DataError
from benchmarks.causal.worlds import VALID


def posed(name):
    world = VALID[name](np.random.default_rng(3))
    plan = Plan(
        question="?", design=world.design, outcome=world.outcome, options=world.options
    )
    return world.frame, plan


def certificate(n_covered, n_copies=200, level=0.95):
    return Certificate(
        design="two_by_two", level=level, planted=0.0, scheme="rows", seed=0,
        n_copies=n_copies, n_failed=0, n_covered=n_covered, bias=0.0, mean_width=1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "name", ["experiment", "clusters drawn", "two by two", "imputation", "weighting"]
)
def test_an_interval_that_keeps_its_promise_is_certified_without_bias(name):
    found = coverage_certificate(*posed(name), n_copies=100, planted=0.2)
    assert found.is_kept
    # Four standard errors of the mean of 100 estimates.
    assert abs(found.bias) < 4 * found.mean_width / 3.92 / 10


@pytest.mark.parametrize("name", ["sharp cutoff", "interrupted series"])
def test_curves_and_series_are_certified_too(name):
    found = coverage_certificate(*posed(name), n_copies=20, planted=0.2)
    assert found.n_failed == 0
    assert found.coverage > 0.7


def test_the_numbers_are_the_same_for_any_number_of_workers_and_order_of_rows():
    frame, plan = posed("two by two")

    def four(work, copies):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(work, copies))

    alone = coverage_certificate(frame, plan, n_copies=30)
    assert coverage_certificate(frame, plan, n_copies=30, runner=four) == alone
    shuffled = frame.sample(frac=1, random_state=2)
    assert coverage_certificate(shuffled, plan, n_copies=30) == alone
    assert coverage_certificate(frame, plan, n_copies=30, seed=1) != alone


def test_errors_that_ignore_their_clusters_are_found_out():
    frame, plan = posed("clusters drawn")
    ignoring = Plan(
        question="?", design="two_by_two", outcome="y",
        options={"treated": "d", "post": "p"},
    )  # fmt: skip
    assert ignoring.how.cluster_options == ("cluster",)
    with pytest.raises(DataError, match="give one of cluster"):
        coverage_certificate(frame.assign(p=frame.index % 2), ignoring, n_copies=20)
    assert coverage_certificate(frame, plan, n_copies=20).n_copies == 20


def test_counts_are_judged_by_their_binomial_interval():
    # Clopper-Pearson of 180 in 200: 0.8498 to 0.9378.
    assert certificate(180).interval == pytest.approx((0.8498, 0.9378), abs=1e-4)
    assert not certificate(180).is_kept
    assert certificate(187).is_kept
    assert "does not keep" in certificate(180).section().paragraphs[0]
    assert certificate(200).interval[1] == 1.0


def test_too_few_copies_are_refused_and_progress_is_told():
    told = []
    with pytest.raises(DataError, match="20 or more"):
        coverage_certificate(*posed("experiment"), n_copies=5)
    coverage_certificate(*posed("experiment"), n_copies=20, tell=told.append)
    assert told == pytest.approx(np.arange(1, 21) / 20)
