"""Every design gives the same bytes for permuted rows and any hash seed."""

import numpy as np
import pytest

from assay.causal.plan import Plan
from assay.causal.withholding import answer_question
from benchmarks.causal.same_bytes import by_hash_seed, told
from benchmarks.causal.worlds import VALID


def test_two_hash_seeds_give_the_same_bytes_in_every_design():
    first = by_hash_seed(1, shuffle=0)
    assert len(first.splitlines()) == len(VALID)
    assert by_hash_seed(4242, shuffle=0) == first


@pytest.mark.parametrize("name", VALID)
def test_permuted_rows_give_the_same_bytes(name):
    assert told(name, shuffle=3) == told(name, shuffle=0)


def test_the_whole_answer_is_the_same_with_its_figures():
    world = VALID["two by two"](np.random.default_rng(5))
    plan = Plan(question="?", design=world.design, outcome="y", options=world.options)
    first = answer_question(world.frame, plan)
    again = answer_question(world.frame.sample(frac=1, random_state=3), plan)
    assert again.as_dict() == first.as_dict()
    assert again.figures == first.figures
