"""The whole reference of the simulated lender."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from assay.contract import read_contract
from assay.errors import DataError
from assay.monitoring.profile import CategoryProfile, NumberProfile, profile_frame
from assay.simulate.lender import simulate_lender

CONTRACT = read_contract(Path("data/contracts/credit_default.toml"))
TEXT = CONTRACT.model_copy(
    update={
        "fields": tuple(
            field.model_copy(update={"dtype": "text", "role": "ignored"})
            if field.name == "age"
            else field
            for field in CONTRACT.fields
        )
    }
)


@pytest.fixture(scope="module")
def frame():
    return simulate_lender(
        n_applicants=500, start=date(2026, 1, 1), days=30, seed=1
    ).frame


def test_every_feature_and_the_score_have_a_profile(frame):
    reference = profile_frame(frame, CONTRACT, np.linspace(0, 1, 500))
    names = [field.name for field in CONTRACT.features]
    assert list(reference.columns) == [*names, "score"]
    assert isinstance(reference.columns["housing"], CategoryProfile)
    assert isinstance(reference.columns["income"], NumberProfile)
    assert reference.n_rows == 500
    assert reference.columns["term_months"].categories == ("12", "24", "36", "48", "60")
    assert reference.columns["term_months"].n_known == 500


def test_a_text_is_profiled_by_its_length(frame):
    texts = frame.assign(age=["ab", "abcd"] * 249 + [None, "x"])
    profile = profile_frame(texts, TEXT).columns["length of age"]
    assert profile.values.tolist() == [1.0, 2.0, 4.0]
    assert profile.n_missing == 1


def test_an_absent_feature_is_named(frame):
    with pytest.raises(DataError, match="1 of 14 features have no column: income"):
        profile_frame(frame.drop(columns="income"), CONTRACT)
