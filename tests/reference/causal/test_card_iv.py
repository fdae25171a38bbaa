"""Card (1995): schooling instrumented by nearness to a college, manifest's tolerances.

The manifest's robust errors carry no small-sample factor, hence ``small_sample=False``.
"""

import pytest

from assay.causal import verdict
from assay.causal.instruments import instrumented_effect

COVARIATES = (
    "exper", "expersq", "black", "south", "smsa", *(f"reg66{i}" for i in range(1, 9)),
    "smsa66",
)  # fmt: skip


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("card_iv")


@pytest.fixture(scope="module")
def effect(case):
    def of(*instruments, **options):
        return instrumented_effect(
            case.frame,
            outcome="lwage",
            treatment="educ",
            instruments=instruments,
            covariates=COVARIATES,
            **options,
        )

    return of


@pytest.fixture(scope="module")
def plain(effect):
    return effect("nearc4", errors="unadjusted")


@pytest.fixture(scope="module")
def robust(effect):
    return effect("nearc4", small_sample=False)


def test_least_squares_and_two_stages(case, plain, robust):
    case.assert_within("OLS educ, SE", [plain.naive.value, plain.naive.standard_error])
    case.assert_within("2SLS educ", plain.estimate.value)
    case.assert_within(
        "2SLS SE unadjusted debiased, robust",
        [plain.estimate.standard_error, robust.estimate.standard_error],
    )
    case.assert_within("2SLS p unadjusted", plain.estimate.p_value)
    case.assert_within("2SLS CI unadjusted", plain.estimate.interval)


def test_first_stage_and_its_effective_f(case, plain, robust):
    row = plain.first_stage.iloc[0]
    case.assert_within(
        "first stage nearc4, SE, F homosk",
        [row["coefficient"], row["standard_error"], plain.strength.classical_f],
    )
    without_factor = robust.first_stage.iloc[0]
    chi2 = (without_factor["coefficient"] / without_factor["standard_error"]) ** 2
    case.assert_within(
        "first-stage F robust: linearmodels chi2, HC1 (= effective F, 1 instrument)",
        [chi2, robust.strength.effective_f],
    )
    case.assert_within("partial R2", plain.strength.partial_r_squared)


def test_anderson_rubin_and_wu_hausman(case, plain):
    found = plain.anderson_rubin
    case.assert_within(
        "Anderson-Rubin test beta=0: F, p", [found.statistic, found.p_value]
    )
    assert found.shape == "bounded"
    case.assert_within("Anderson-Rubin 95% CI", found.interval)
    wu = plain.endogeneity
    case.assert_within("Wu-Hausman F, p", [wu.statistic, wu.p_value])


def test_two_instruments_and_sargan(case, effect):
    found = effect("nearc2", "nearc4", small_sample=False).estimate
    case.assert_within(
        "nearc2+nearc4: coef, robust SE", [found.value, found.standard_error]
    )
    sargan = effect("nearc2", "nearc4", errors="unadjusted").overidentification
    case.assert_within("Sargan, p", [sargan.statistic, sargan.p_value])


def test_an_effective_f_of_14_is_reported_with_a_warning(robust):
    assert verdict(robust.assumptions) == "warn"
    relevance = robust.assumptions[0]
    # Montiel Olea and Pflueger (2013), table 1: 23.1 for one instrument and a tenth.
    assert relevance.threshold == pytest.approx(23.1, abs=0.05)
    assert "Anderson-Rubin" in relevance.advice
