"""A graph in a process of its own answers as in this one, and fails with words."""

import time

import numpy as np
import psutil
import pytest

from assay.bundle import Scorer, SessionApart, read_bundle, write_bundle
from assay.bundle.apart import Node
from assay.contract import read_contract
from assay.errors import BundleError

ROWS = {
    "income": [0.0, None, np.nextafter(1.0, 2.0), -1e300],
    "housing": ["own", None, "rent", "nobody listed this"],
}


def children():
    return {one.pid for one in psutil.Process().children()}


def test_it_answers_to_the_bit_as_the_graph_in_this_process(parts):
    contract = read_contract(parts.contract_text)
    rows = ROWS | {"income": [0.0, 2.0, np.nextafter(1.0, 2.0), -50.0]}
    here = Scorer(parts.graph, contract).probabilities(rows)
    before = children()
    with SessionApart(parts.graph) as session:
        apart = Scorer(parts.graph, contract, session)
        assert apart.probabilities(rows).tobytes() == here.tobytes()
        assert apart.probabilities(rows).tobytes() == here.tobytes()
        assert Node("income", "tensor(double)") in session.get_inputs()
        assert session.get_modelmeta().custom_metadata_map == {}
        assert len(children() - before) == 1
    assert children() == before


def test_golden_rows_are_compared_and_gaps_refused_as_in_this_process(tmp_path, parts):
    write_bundle(tmp_path / "b", parts)
    bundle = read_bundle(tmp_path / "b")
    with SessionApart(bundle.graph) as session:
        scorer = Scorer.of(bundle, session)
        with pytest.raises(BundleError, match="1 of 4 rows no probability"):
            scorer.probabilities(ROWS)


def test_a_graph_that_is_no_graph_is_refused_with_the_runtimes_words(parts):
    with (
        SessionApart(b"not a graph") as session,
        pytest.raises(BundleError, match=r"does not load.*protobuf"),
    ):
        Scorer(b"not a graph", read_contract(parts.contract_text), session)


def test_inputs_that_the_graph_does_not_take_are_a_fault_not_an_answer(parts):
    with SessionApart(parts.graph) as session:
        session.get_inputs()
        with pytest.raises(BundleError, match="load or run"):
            session.run(["probability"], {"income": np.zeros(1)})


def test_a_process_that_dies_or_takes_too_long_is_told(parts):
    contract = read_contract(parts.contract_text)
    before = children()
    with SessionApart(parts.graph) as session:
        scorer = Scorer(parts.graph, contract, session)
        for pid in children() - before:
            psutil.Process(pid).kill()
        with pytest.raises(BundleError, match="ended before it answered"):
            scorer.probabilities(ROWS)
    with SessionApart(parts.graph, longest_seconds=0.01) as session:
        time.sleep(0.2)
        with pytest.raises(BundleError, match="ended before it answered"):
            session.get_outputs()
    assert children() == before
