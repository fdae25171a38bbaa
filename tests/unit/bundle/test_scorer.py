"""The scorer answers as the graph was meant, or refuses to answer at all."""

from dataclasses import replace

import numpy as np
import pytest

from assay.bundle import Golden, Scorer, read_bundle, write_bundle
from assay.contract import read_contract
from assay.errors import BundleError


def test_the_probability_is_the_hand_computed_one(tmp_path, parts):
    write_bundle(tmp_path / "b", parts)
    scorer = Scorer.of(read_bundle(tmp_path / "b"))
    found = scorer.probabilities({"income": [0.0, np.log(3)], "housing": ["own", "rent"]})
    assert found == pytest.approx([0.5, 0.75], abs=1e-15)


def test_a_golden_row_that_scores_otherwise_stops_the_version(tmp_path, parts):
    golden = Golden(rows=parts.golden.rows, probabilities=(0.5, 0.880797077))
    write_bundle(tmp_path / "b", replace(parts, golden=golden))
    with pytest.raises(BundleError, match="1 of 2 golden rows"):
        Scorer.of(read_bundle(tmp_path / "b"))


def test_a_graph_that_is_no_graph_is_refused(tmp_path, parts):
    write_bundle(tmp_path / "b", replace(parts, graph=b"not a graph"))
    with pytest.raises(BundleError, match="does not load"):
        Scorer.of(read_bundle(tmp_path / "b"))


def test_a_graph_with_other_inputs_than_the_contract_is_refused(parts):
    text = parts.contract_text.replace('name = "income"', 'name = "salary"')
    contract = read_contract(text)
    with pytest.raises(BundleError, match="income is tensor"):
        Scorer(parts.graph, contract)


def test_a_row_without_a_probability_is_an_error_not_a_score(parts):
    scorer = Scorer(parts.graph, read_contract(parts.contract_text))
    with pytest.raises(BundleError, match="1 of 2 rows no probability"):
        scorer.probabilities({"income": [None, 1.0], "housing": ["own", "own"]})
