"""Many rows are read as each of them is, or not at all."""

import json

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from serving.scoring.columns import scored_columns
from serving.scoring.decision import scored_features
from tests.serving.scoring.conftest import BAD, GOOD, ROW
from tests.serving.scoring.test_reading import ROWS

SENT = st.tuples(ROWS, st.sets(st.sampled_from(list(ROW)), max_size=1)).map(
    lambda drawn: {k: v for k, v in drawn[0].items() if k not in drawn[1]}
)


def check(champion, rows) -> bool:
    """Compare with the reader of single rows; say whether all were taken."""
    one_by_one = [champion.reader.row(row) for row in rows]
    found = champion.columns.matrix(rows)
    if any(row is None for row in one_by_one):
        assert found is None
        return False
    assert found is not None
    assert np.array_equal(found, np.array(one_by_one), equal_nan=True)
    features = [
        scored_features(row, sent, champion.names)
        for row, sent in zip(one_by_one, rows, strict=True)
    ]
    assert orjson.dumps(scored_columns(found, rows, champion.names)) == orjson.dumps(
        features
    )
    return True


@hypothesis_settings(
    max_examples=500, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(rows=st.lists(SENT, min_size=1, max_size=4))
def test_rows_are_taken_together_as_each_is_alone(champion, rows):
    try:
        sent = orjson.loads(json.dumps(rows).encode())
    except orjson.JSONDecodeError:
        assume(False)  # such a body is not read here at all
    check(champion, sent)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"region": None},
        {"region": "atlantis"},
        {"region": " north "},
        {"n_events": 3.0},
        {"amount": 7},
        {"is_known": None},
    ],
)
def test_ordinary_rows_are_taken(champion, changes):
    assert check(champion, [GOOD, {**ROW, **changes}, BAD])


def test_rows_in_another_order_or_without_a_key_are_taken(champion):
    turned = dict(reversed(ROW.items()))
    fewer = {name: value for name, value in ROW.items() if name not in ("case", "at")}
    assert check(champion, [ROW, turned, fewer])


@pytest.mark.parametrize("row", [None, [], 1, {**ROW, "bad": 1}, {**ROW, "case": 5}])
def test_what_is_no_row_leaves_all_to_the_contracts_model(champion, row):
    assert champion.columns.matrix([ROW, row]) is None
    assert champion.columns.matrix([row]) is None
