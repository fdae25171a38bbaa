"""Active choice in California: the number is reproduced, and not sold as an answer."""

import pytest

from assay.causal import verdict
from assay.causal.differences import fixed_effects


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("organ_donation_did")


def test_coefficient_and_error_agree_and_one_treated_state_withholds_them(case):
    frame = case.frame
    after = frame["Quarter"].isin(["Q32011", "Q42011", "Q12012"])
    result = fixed_effects(
        frame.assign(active=((frame["State"] == "California") & after).astype(int)),
        outcome="Rate",
        treatment="active",
        absorbed=["State", "Quarter"],
        cluster="State",
    )
    case.assert_within("coef", result.estimate.value)
    case.assert_within("CRV1 SE", result.estimate.standard_error)
    assert verdict(result.assumptions) == "withhold"
    broken = [a for a in result.assumptions if a.state == "broken"]
    assert [a.name for a in broken] == ["enough clusters"]
    assert "1 with treated rows" in broken[0].finding
    assert "synthetic control" in broken[0].advice
