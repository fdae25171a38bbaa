"""Work spread over real Dask workers gives the numbers of one process, in their order."""

import os

import numpy as np
import pytest
from distributed import LocalCluster

from assay.adapters.fan_out import FanOut, fan_out
from assay.causal.certificate import coverage_certificate
from assay.causal.plan import Plan
from assay.errors import ConfigError, DataError, SourceError
from benchmarks.causal.worlds import VALID


@pytest.fixture(scope="module")
def scheduler():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster.scheduler_address


def test_results_come_in_order_from_other_processes(scheduler):
    with fan_out(scheduler) as spread:
        assert spread.n_workers == 2
        found = list(spread(lambda piece: (piece, os.getpid()), range(23)))
    assert [piece for piece, _ in found] == list(range(23))
    assert os.getpid() not in {process for _, process in found}


def test_a_certificate_is_the_same_for_one_two_and_four_workers(scheduler):
    world = VALID["two by two"](np.random.default_rng(5))
    plan = Plan(question="?", design=world.design, outcome="y", options=world.options)

    def certified(runner):
        return coverage_certificate(world.frame, plan, n_copies=24, seed=3, runner=runner)

    alone = certified(FanOut())
    for where in (scheduler, "dask:1", "dask:4"):
        with fan_out(where) as spread:
            assert certified(spread) == alone


def test_what_the_work_raises_is_raised_here(scheduler):
    def work(piece):
        if piece == 5:
            raise DataError("piece 5 is wrong")
        return piece

    with fan_out(scheduler) as spread, pytest.raises(DataError, match="piece 5"):
        list(spread(work, range(9)))


def test_workers_that_die_are_an_error_of_the_source():
    with fan_out("dask:1") as spread, pytest.raises(SourceError, match="were lost"):
        list(spread(lambda _: os._exit(1), range(2)))


@pytest.mark.parametrize("where", ["dask", "dask:0", "four", "http://x"])
def test_a_place_that_is_none_is_refused(where):
    with pytest.raises(ConfigError, match="dask:N"), fan_out(where):
        pass


def test_without_a_place_the_work_is_done_here():
    with fan_out("") as spread:
        assert spread.n_workers == 1
        assert list(spread(lambda _: os.getpid(), range(2))) == [os.getpid()] * 2
