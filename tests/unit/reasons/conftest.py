"""Fitted models with words, missing values and flags; texts for some fields."""

import pytest

from assay.contract import read_contract
from tests.unit.models.conftest import CONTRACT, draw

TEXTS = {
    "amount": "The amount",
    "rare amount": "The amount",
    "n_events": "Number of events",
    "region": "Region",
    "is_known": "",
}


@pytest.fixture(scope="session")
def contract():
    text = CONTRACT.format(maturity="", time="")
    for name, reason in TEXTS.items():
        text = text.replace(
            f'name = "{name}"\n', f'name = "{name}"\nreason = "{reason}"\n'
        )
    text = text.replace('name = "age"\n', 'name = "age"\nreason = "Your age"\n')
    return read_contract(text)


@pytest.fixture(scope="session")
def frame():
    return draw(2_000, 0)


def fit(frame, contract, algorithm):
    from assay.models import fit_challenger

    return fit_challenger(frame, contract, algorithm=algorithm, n_resamples=100, folds=0)


@pytest.fixture(scope="session")
def boosted(frame, contract):
    return fit(frame, contract, "boosting")


@pytest.fixture(scope="session")
def linear(frame, contract):
    return fit(frame, contract, "logistic")
