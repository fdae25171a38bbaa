"""The line of calibration against statsmodels, and its test by simulation."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import logit

from assay.errors import DataError
from assay.monitoring.estimation import fit_recalibration


def rows(seed, intercept=0.0, slope=1.0, n_rows=3_000):
    rng = np.random.default_rng(seed)
    stated = rng.beta(1, 8, n_rows)
    truth = 1 / (1 + np.exp(-(intercept + slope * logit(stated))))
    return stated, (rng.random(n_rows) < truth).astype(float)


def test_the_line_and_its_covariance_agree_with_statsmodels():
    stated, labels = rows(1, 0.3, 0.8)
    found = fit_recalibration(stated, labels)
    oracle = sm.Logit(labels, sm.add_constant(logit(stated))).fit(disp=0, tol=1e-12)
    assert (found.intercept, found.slope) == pytest.approx(tuple(oracle.params), abs=1e-7)
    assert found.matrix() == pytest.approx(oracle.cov_params(), rel=1e-5)


def test_calibrated_rows_are_not_called_lost_and_others_are():
    kept = [fit_recalibration(*rows(seed)).p_value() < 0.1 for seed in range(300)]
    assert np.mean(kept) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 300))
    assert fit_recalibration(*rows(1, intercept=0.7)).p_value() < 1e-6


def test_two_lines_of_one_law_are_not_told_apart_and_of_two_laws_are():
    reference = [fit_recalibration(*rows(seed, 0.2, 0.9)) for seed in range(300)]
    later = [fit_recalibration(*rows(1_000 + s, 0.2, 0.9, 1_500)) for s in range(300)]
    pairs = zip(later, reference, strict=True)
    told = [new.p_value(old) < 0.1 for new, old in pairs]
    assert np.mean(told) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 300))
    assert fit_recalibration(*rows(1, 0.9, 0.9)).p_value(reference[1]) < 1e-6


def test_corrected_probabilities_lie_on_the_line():
    found = fit_recalibration(*rows(1, 0.3, 0.8))
    assert logit(found.probabilities([0.2]))[0] == pytest.approx(
        found.intercept + found.slope * logit(0.2)
    )


@pytest.mark.parametrize(
    ("stated", "labels", "told"),
    [
        ([0.5] * 30, [1] * 3 + [0] * 27, "3 bad and 27 good"),
        ([1.2] + [0.5] * 29, [1] * 15 + [0] * 15, r"1 of 30 probabilities"),
        ([0.5] * 30, [2] * 15 + [0] * 15, "0 or 1"),
        ([0.1] * 15 + [0.9] * 15, [0] * 15 + [1] * 15, "separate"),
    ],
)
def test_what_no_line_fits_is_refused(stated, labels, told):
    with pytest.raises(DataError, match=told):
        fit_recalibration(stated, labels)
