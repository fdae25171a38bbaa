"""A search keeps to its budget, to its data and to its seed."""

import numpy as np
import pytest

from assay.errors import ConfigError
from assay.features import design_matrix
from assay.models.estimators import DEFAULTS
from assay.models.search import drawn_parameters, searched_parameters


@pytest.fixture(scope="module")
def data(frame, contract):
    return design_matrix(frame.head(600), contract)[0], frame["bad"].to_numpy()[:600]


def search(data, contract, **options):
    return searched_parameters(
        *data, None, contract, algorithm="logistic", seed=3, **options
    )


def test_the_same_number_of_trials_gives_the_same_parameters(data, contract):
    first, second = (search(data, contract, trials=6) for _ in range(2))
    assert first == second
    assert (first.n_trials, len(first.log_losses), first.stopped_by) == (6, 6, "trials")
    best = int(np.argmin(first.log_losses))
    assert first.parameters == drawn_parameters("logistic", 3, best)


def test_the_defaults_are_tried_first_and_more_trials_are_never_worse(data, contract):
    one, six = search(data, contract, trials=1), search(data, contract, trials=6)
    assert one.parameters == DEFAULTS["logistic"]
    assert one.log_losses == six.log_losses[:1]
    assert min(six.log_losses) <= one.log_losses[0]


def test_the_clock_ends_a_search_and_its_trials_repeat_it(data, contract):
    minutes = iter(np.arange(0, 100, 0.5))
    seen = []
    timed = search(
        data,
        contract,
        minutes=2,
        clock=lambda: float(next(minutes)) * 60,
        progress=lambda stage, share: seen.append((stage, share)),
    )
    assert timed.stopped_by == "minutes"
    assert timed.n_trials > 0
    again = search(data, contract, trials=timed.n_trials)
    assert again.parameters == timed.parameters
    assert again.log_losses == timed.log_losses
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert seen[-1][1] <= 1


@pytest.mark.parametrize(
    "budget", [{}, {"trials": -1}, {"minutes": -1.0}, {"trials": 2, "minutes": -1.0}]
)
def test_a_search_without_a_budget_is_refused(data, contract, budget):
    with pytest.raises(ConfigError, match="a search needs a budget"):
        search(data, contract, **budget)


def test_drawn_parameters_stay_shallow_so_that_exact_reasons_stay_cheap():
    drawn = [drawn_parameters("boosting", 0, trial) for trial in range(200)]
    assert max(each["max_depth"] for each in drawn) <= 4
    assert min(each["max_iter"] for each in drawn) >= 50
    assert len({tuple(each.items()) for each in drawn}) == 200
