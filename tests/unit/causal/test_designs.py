"""Every design gives the same bytes for permuted rows and any hash seed."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from assay.causal.plan import Plan
from assay.causal.withholding import answer_question
from benchmarks.causal.worlds import VALID

SCRIPT = """
import json, sys
import numpy as np
from assay.causal.designs import design_named
from benchmarks.causal.worlds import VALID
for name, make in VALID.items():
    world = make(np.random.default_rng(5))
    result = design_named(world.design).estimate(world.frame, "y", world.options)
    figures = {k: float(v).hex() for k, v in result.diagnostics.items()}
    estimate = [float(v).hex() for v in (
        result.estimate.value, result.estimate.standard_error, *result.estimate.interval,
    )]
    states = [(a.name, a.state, a.finding) for a in result.assumptions]
    print(json.dumps([name, estimate, figures, states]))
"""


def by_hash_seed(seed):
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.getcwd()}  # noqa: PTH109 # pytest's root
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, check=True
    )
    return found.stdout


def test_two_hash_seeds_give_the_same_bytes_in_every_design():
    first = by_hash_seed(1)
    assert len(first.splitlines()) == len(VALID)
    assert by_hash_seed(4242) == first


@pytest.mark.parametrize("name", VALID)
def test_permuted_rows_give_the_same_bytes(name):
    world = VALID[name](np.random.default_rng(5))
    plan = Plan(question="?", design=world.design, outcome="y", options=world.options)
    shuffled = world.frame.sample(frac=1, random_state=3).reset_index(drop=True)

    def told(frame):
        result = plan.how.estimate(frame, "y", plan.options)
        estimate = result.estimate
        numbers = (estimate.value, estimate.standard_error, *estimate.interval)
        states = [(a.name, a.state, a.finding) for a in result.assumptions]
        return json.dumps([[float(v).hex() for v in numbers], states])

    assert told(shuffled) == told(world.frame)


def test_the_whole_answer_is_the_same_with_its_figures():
    world = VALID["two by two"](np.random.default_rng(5))
    plan = Plan(question="?", design=world.design, outcome="y", options=world.options)
    first = answer_question(world.frame, plan)
    again = answer_question(world.frame.sample(frac=1, random_state=3), plan)
    assert again.as_dict() == first.as_dict()
    assert again.figures == first.figures
