"""Union wage premium with worker and year effects, in both peers' conventions."""

import pytest

from assay.causal.differences import fixed_effects

NAMES = ["union", "married", "expersq", "hours"]


@pytest.fixture(scope="module")
def case(causal_reference):
    return causal_reference("wage_panel_fe")


def run(case, controls, **options):
    return fixed_effects(
        case.frame,
        outcome="lwage",
        treatment="union",
        absorbed=["nr", "year"],
        cluster="nr",
        controls=controls,
        **options,
    )


def test_clustered_and_homoskedastic_errors_agree_with_pyfixest(case):
    result = run(case, NAMES[1:])
    table = result.regression.table()
    union = [*table.loc["union", ["coefficient", "standard_error"]]]
    iid = result.diagnostics["standard_error_iid"]
    case.assert_within("union coef, CRV1(nr) SE, iid SE", [*union, iid])
    for name in NAMES[1:]:
        row = table.loc[name, ["coefficient", "standard_error"]]
        case.assert_within(f"{name} coef, CRV1 SE", [*row])


def test_linearmodels_convention_agrees(case):
    table = run(case, NAMES[1:3], counted="all").regression.table()
    columns = ["coefficient", "standard_error"]
    union, married = table.loc["union", columns], table.loc["married", columns]
    case.assert_within("without hours, linearmodels clustered: union, SE", [*union])
    case.assert_within("without hours: married, SE", [*married])
