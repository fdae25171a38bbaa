"""Floors held on matured labels: kept, broken, not shown, or too little to say."""

from datetime import UTC, datetime

import numpy as np
import pytest

from assay.contract import find_contract
from assay.monitoring.revalidation import revalidate, revalidation_page
from deployments.environment import project_root

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def contract():
    return find_contract("credit_default", project_root() / "data" / "contracts")


def matured(n_rows, spread, seed=0, rate=-2.4):
    """Return calibrated probabilities and outcomes; `spread` of the log-odds ranks."""
    rng = np.random.default_rng(seed)
    chance = 1 / (1 + np.exp(-(rate + spread * rng.standard_normal(n_rows))))
    return np.column_stack((chance, rng.random(n_rows) < chance)).astype(float)


def judged(rows, contract):
    rng = np.random.default_rng(1)
    return revalidate(rows, contract, threshold=0.15, since=SINCE, rng=rng)


def test_a_model_that_ranks_and_is_calibrated_keeps_its_floors(contract):
    found = judged(matured(6_000, 1.2), contract)
    assert found.verdicts == {"auc": "kept", "ece": "kept"}
    assert found.notices == ()


def test_a_model_that_no_longer_ranks_breaks_the_floor_and_asks_for_a_retraining(
    contract,
):
    found = judged(matured(6_000, 0.2), contract)
    assert found.verdicts["auc"] == "broken"
    (notice,) = found.notices
    assert (notice.measure, notice.subject) == ("revalidation", "auc")
    assert notice.severity == "critical"
    assert notice.evidence["high"] < notice.evidence["floor"] == 0.65
    assert notice.evidence["since"] == SINCE.isoformat()
    assert "| auc |" in revalidation_page(found, contract)


def test_for_an_error_the_lower_end_speaks_for_the_model(contract):
    rows = matured(6_000, 1.2)
    worse = np.column_stack((np.clip(rows[:, 0] + 0.2, 0, 0.99), rows[:, 1]))
    found = judged(worse, contract)
    assert found.verdicts["ece"] == "broken"
    assert found.verdicts["auc"] == "kept"


def test_few_labels_that_leave_it_open_raise_nothing(contract):
    found = judged(matured(600, 0.6, seed=4), contract)
    assert found.verdicts["auc"] == "not shown"
    assert [n for n in found.notices if n.subject == "auc"] == []


def test_too_few_labels_are_told_as_a_warning(contract):
    found = judged(matured(80, 1.0), contract)
    (notice,) = found.notices
    assert notice.severity == "warning"
    assert "80 matured labels" in notice.summary
    assert "500" in notice.summary
