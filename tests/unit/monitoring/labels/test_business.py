"""The business's figures by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.contract import read_contract
from assay.errors import DataError
from assay.monitoring.labels import business_metrics

RULE = read_contract(Path("data/contracts/credit_default.toml")).decision


@pytest.fixture
def decisions():
    return pd.DataFrame(
        {
            "probability": [0.5, 0.1, 0.1, 0.05, np.nan],
            "decision": ["decline", "approve", "approve", "approve", None],
            "label": [0.0, 1.0, 0.0, np.nan, np.nan],
            "overridden": [True, False, False, False, None],
            "complained": [False, False, True, True, None],
            "status": [200, 200, 200, 200, 422],
            "latency_ms": [1.0, 2.0, 3.0, 4.0, 5.0],
        }
    )


def test_figures_by_hand(decisions):
    found = business_metrics(decisions, RULE)
    assert found.n_rows == 4
    assert {name: one.value for name, one in found.shares.items()} == {
        "approval_rate": 0.75,
        "default_rate": 0.5,
        "override_rate": 0.25,
        "complaint_rate": 0.5,
        "refused_rate": 0.2,
        "error_rate": 0.0,
    }
    assert found.cost.value == pytest.approx((450 + 2600 + 0) / 3)
    assert found.score_quantiles[0.5] == pytest.approx(0.1)
    assert found.latency_ms[0.5] == 3.0


def test_what_was_not_supplied_is_absent(decisions):
    found = business_metrics(decisions[["probability", "decision"]], RULE)
    assert list(found.shares) == ["approval_rate"]
    assert found.cost is None
    assert found.latency_ms == {}


def test_no_known_label_has_no_cost(decisions):
    assert business_metrics(decisions.assign(label=np.nan), RULE).cost is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decision": "refer"}, "5 decisions are neither 'decline' nor 'approve'"),
        ({"decision": None}, ""),
    ],
)
def test_an_action_of_another_rule_is_refused(decisions, change, told):
    if not told:
        assert business_metrics(decisions.assign(**change), RULE).n_rows == 0
        return
    with pytest.raises(DataError, match=told):
        business_metrics(decisions.assign(**change), RULE)
