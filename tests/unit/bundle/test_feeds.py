"""Inputs of a graph are typed by the contract alone; nothing is guessed."""

import numpy as np
import pytest

from assay.bundle import graph_feeds
from assay.contract import read_contract
from assay.errors import DataError


@pytest.fixture
def contract(parts):
    return read_contract(parts.contract_text)


def test_missing_values_become_nan_and_the_empty_text(contract):
    feeds = graph_feeds(contract, {"income": [None, 2], "housing": [None, "own"]})
    assert np.isnan(feeds["income"][0])
    assert feeds["income"].dtype == np.float64
    assert feeds["housing"].tolist() == ["", "own"]


@pytest.mark.parametrize("values", [np.array([1, 2]), np.array([True, False]), [1.5, 2]])
def test_numbers_of_any_kind_become_float64(contract, values):
    feeds = graph_feeds(contract, {"income": values, "housing": ["own", "own"]})
    assert feeds["income"].tolist() == [float(value) for value in values]


@pytest.mark.parametrize("values", [["1"], np.array(["1"]), [object()]])
def test_a_text_is_not_a_number(contract, values):
    with pytest.raises(DataError, match="income"):
        graph_feeds(contract, {"income": values, "housing": ["own"]})


def test_a_number_is_not_a_category_of_words(contract):
    with pytest.raises(DataError, match="row 1 holds 3"):
        graph_feeds(contract, {"income": [1.0, 1.0], "housing": ["own", 3]})


def test_a_missing_column_is_named(contract):
    with pytest.raises(DataError, match="1 of 2 features have no column: housing"):
        graph_feeds(contract, {"income": [1.0]})
