"""The design matrix says the same of a row wherever and however it comes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bundle import graph_feeds
from assay.contract import read_contract
from assay.errors import DataError
from assay.features import DesignMatrix, design_matrix

CONTRACT = read_contract(
    Path(__file__).parents[3] / "data" / "contracts" / "credit_default.toml"
)
NAMES = [field.name for field in CONTRACT.features]


def values_of(field):
    if field.has_text_categories:
        words = st.sampled_from(field.categories)
        return st.one_of(words, st.none(), st.just(""), st.text(max_size=5))
    numbers = st.floats(allow_infinity=False, width=64)
    return st.one_of(
        numbers, st.sampled_from([float(c) for c in field.categories] or [0.0])
    )


rows = st.lists(
    st.fixed_dictionaries({field.name: values_of(field) for field in CONTRACT.features}),
    min_size=1,
    max_size=8,
)


def frame_of(rows):
    return pd.DataFrame(
        {
            field.name: pd.Series(
                [row[field.name] for row in rows],
                dtype=object if field.has_text_categories else np.float64,
            )
            for field in CONTRACT.features
        }
    )


def by_hand(row):
    """One row, one value a time: the definition, written again."""
    coded = []
    for field in CONTRACT.features:
        value = row[field.name]
        if not field.has_text_categories:
            coded.append(float(value))
        elif value is None or value == "":
            coded.append(np.nan)
        else:
            places = {word: place for place, word in enumerate(field.categories)}
            coded.append(float(places.get(value, -1)))
    return coded


@given(rows=rows)
@settings(max_examples=60, deadline=None)
def test_a_batch_equals_its_rows_one_by_one_and_the_definition(rows):
    batch, names = design_matrix(frame_of(rows), CONTRACT)
    singles = [design_matrix(frame_of([row]), CONTRACT)[0][0] for row in rows]
    assert list(names) == NAMES
    assert batch.dtype == np.float64
    np.testing.assert_array_equal(batch, np.array(singles))
    np.testing.assert_array_equal(batch, np.array([by_hand(row) for row in rows]))


@given(rows=rows)
@settings(max_examples=40, deadline=None)
def test_numbers_reach_the_matrix_and_the_graph_with_the_same_bits(rows):
    frame = frame_of(rows)
    matrix, _ = design_matrix(frame, CONTRACT)
    feeds = graph_feeds(CONTRACT, {name: frame[name].to_numpy() for name in NAMES})
    for column, field in enumerate(CONTRACT.features):
        if not field.has_text_categories:
            np.testing.assert_array_equal(matrix[:, column], feeds[field.name])


def one_row(**values):
    return pd.DataFrame({name: [None] for name in NAMES}).assign(**values)


def test_the_frame_is_not_changed_and_its_column_order_does_not_matter():
    frame = one_row(housing="own", income=5.0)
    before = frame.copy(deep=True)
    turned = frame[NAMES[::-1]].assign(extra=1)
    np.testing.assert_array_equal(
        design_matrix(frame, CONTRACT)[0], design_matrix(turned, CONTRACT)[0]
    )
    pd.testing.assert_frame_equal(frame, before)


def test_booleans_and_integers_are_numbers():
    frame = one_row(has_account=[True], n_inquiries=[3], term_months=[24])
    matrix, _ = design_matrix(frame, CONTRACT)
    found = [
        matrix[0, NAMES.index(n)] for n in ("has_account", "n_inquiries", "term_months")
    ]
    assert found == [1.0, 3.0, 24.0]


def test_the_transformer_says_what_the_function_says():
    frame = one_row(purpose="car", income=12.5)
    step = DesignMatrix(CONTRACT).fit(frame)
    np.testing.assert_array_equal(
        step.transform(frame), design_matrix(frame, CONTRACT)[0]
    )
    assert list(step.get_feature_names_out()) == NAMES


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            one_row().drop(columns=["income", "purpose"]),
            "2 of 14 features have no column",
        ),
        (one_row(income="12"), "'income' is numeric; 1 are text"),
        (one_row(income=np.inf), "'income' has 1 infinite values among 1"),
        (one_row(housing=3), "'housing' is a category of words; 1 values are not text"),
        (one_row(income=[object()]), "'income' is not numeric"),
    ],
)
def test_values_of_another_kind_are_refused_with_their_field(frame, message):
    with pytest.raises(DataError, match=message):
        design_matrix(frame, CONTRACT)
