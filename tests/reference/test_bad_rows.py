"""A file of 200,000 rows, 1 % of them bad in ten ways: all found, each for its reason.

The truth is the simulation's own; the file is a CSV, so that every cell is text.
"""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from assay.adapters.sources import read_source
from assay.contract import read_contract
from assay.quality.rows import assess_rows, decide_quality
from assay.settings import Settings
from assay.simulate.dirt import DIRTY_KINDS
from assay.simulate.lender import simulate_lender

CONTRACT = read_contract(Path(__file__).parents[2] / "data/contracts/credit_default.toml")
AS_OF = datetime(2027, 1, 1, tzinfo=UTC)
N_ROWS = 200_000


@pytest.mark.slow
def test_two_thousand_bad_rows_among_two_hundred_thousand_are_found(tmp_path):
    world = simulate_lender(
        n_applicants=N_ROWS, start=date(2026, 1, 1), days=240, seed=2, dirty_share=0.01
    )
    path = tmp_path / "applications.csv"
    world.frame.to_csv(path, index=False)
    received = read_source(str(path), CONTRACT, Settings(_env_file=None, home=tmp_path))
    found = assess_rows(received, CONTRACT, as_of=AS_OF)

    dirty = world.truth["is_dirty"]
    assert len(found.accepted) + len(found.quarantined) == found.n_received == N_ROWS
    assert found.quarantined["row"].tolist() == list(dirty[dirty].index)
    expected = world.truth["dirty_kind"][dirty].map(DIRTY_KINDS)
    assert found.quarantined["reasons"].tolist() == expected.tolist()
    assert Counter(found.reason_counts) == Counter(
        dict.fromkeys(DIRTY_KINDS.values(), 200)
    )
    assert decide_quality(found, CONTRACT).passed

    again = assess_rows(found.accepted, CONTRACT, as_of=AS_OF)
    assert again.reason_counts == {}
    pd.testing.assert_frame_equal(again.accepted, found.accepted)
    clean = world.frame[~dirty].reset_index(drop=True)
    assert (found.accepted["loan_amount"] == clean["loan_amount"]).all()
    assert (found.accepted["income"] == clean["income"].astype(float)).all()
