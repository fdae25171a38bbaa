"""Augmented weights against pysyncon, and their sum and fit."""

import numpy as np
import pytest

from assay.causal.synthetic import Augmented, read_cells, read_series


@pytest.fixture(scope="module")
def series(simulate, columns):
    return read_series(read_cells(simulate(3), **columns))


@pytest.mark.filterwarnings("ignore::Warning")
def test_augmented_weights_are_those_of_pysyncon(series, simulate):
    from pysyncon import AugSynth, Dataprep

    prepared = Dataprep(
        foo=simulate(3),
        predictors=[],
        predictors_op="mean",
        dependent="y",
        unit_variable="unit",
        time_variable="period",
        treatment_identifier=0,
        controls_identifier=list(range(1, 13)),
        time_predictors_prior=range(30),
        time_optimize_ssr=range(30),
    )
    for penalty in (0.5, 20.0):
        theirs = AugSynth()
        theirs.fit(prepared, lambda_=penalty, use_covariates=False)
        ours = Augmented().fit(series, penalty)
        assert ours.weights == pytest.approx(theirs.W, abs=2e-4)


def test_augmented_weights_sum_to_one_and_fit_no_worse(series):
    found = Augmented().fit(series)
    assert found.weights.sum() == pytest.approx(1, abs=1e-9)
    own, plain = (
        np.mean((series.treated - series.donors @ weights)[: series.n_pre] ** 2)
        for weights in (found.weights, found.simplex_weights)
    )
    assert own <= plain + 1e-12
    assert found.penalty in found.penalties
    with pytest.raises(ValueError, match="positive"):
        Augmented().fit(series, 0.0)
