"""What the promotion gate may be asked, and how a wrong demand is refused."""

from pathlib import Path

import pytest

from assay.contract import read_contract
from assay.contract.gates import (
    CalibrationGate,
    FairnessGate,
    LeakageGate,
    ServiceGate,
    SliceGate,
    StressGate,
)
from assay.contract.model import Gates
from assay.errors import ContractError

ROOT = Path(__file__).parents[3]
GOOD = """\
name = "small"
revision = 1
purpose = "to test"
owner = "tests"
[label]
field = "bad"
[decision]
name = "decide"
positive_action = "no"
negative_action = "yes"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
floors = { auc = 0.6 }
margins = { auc = 0.0 }
ADDED
[[field]]
name = "income"
dtype = "number"
[[field]]
name = "note"
dtype = "text"
role = "protected"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""
PARTS = {
    "calibration": CalibrationGate,
    "slices": SliceGate,
    "stress": StressGate,
    "fairness": FairnessGate,
    "leakage": LeakageGate,
    "service": ServiceGate,
}


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[gates.fairness]\nparity = 1", r"contract:19: gates\.fairness\.parity: is not"),
        ("[gates.fair]\nx = 1", r"contract:18: gates\.fair: is not a key"),
        ("[gates.fairness]\nprofile = 'kind'", r":19: gates\.fairness\.profile: .*'repo"),
        ("[gates.slices]\nmin_rows = 0", r":19: gates\.slices\.min_rows: .*greater than"),
        ("[gates.slices]\nauc = nan", r":19: gates\.slices\.auc: "),
        ("[gates.slices]\nfields = ['bad']", "'bad'; groups are made of .*: income"),
        ("[gates.slices]\nfields = ['note']", "'note'; groups are made of"),
        (
            "[gates.calibration]\nslope_minimum = 1.0",
            "slope_minimum 1 and slope_maximum 2 must lie on either side of 1",
        ),
        ("[gates.calibration]\nslope_maximum = 1.0", "must lie on either side of 1"),
        ("[gates.leakage]\nshuffled_errors = 0", r":19: gates\.leakage\.shuffled_err"),
        ("[gates.service]\nlatency_ms = -1", r":19: gates\.service\.latency_ms: "),
    ],
)
def test_a_wrong_demand_names_its_line(added, said):
    with pytest.raises(ContractError, match=said):
        read_contract(GOOD.replace("ADDED", added))


def test_what_is_left_out_has_its_defaults():
    gates = read_contract(GOOD.replace("ADDED", "")).gates
    assert gates.fairness.profile == "report"
    assert (gates.slices.min_rows, gates.slices.min_positives) == (200, 20)


@pytest.mark.parametrize(
    ("profile", "approval", "errors"),
    [
        ("report", False, False),
        ("four_fifths", True, False),
        ("error_rates", False, True),
        ("four_fifths_and_error_rates", True, True),
    ],
)
def test_a_profile_says_what_is_judged(profile, approval, errors):
    gate = FairnessGate(profile=profile)
    assert (gate.judges_approval, gate.judges_errors) == (approval, errors)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_key_and_its_default_are_documented(part):
    text = (ROOT / "docs/contract.md").read_text()
    section = text.split(f"### `[gates.{part}]`")[1].split("\n#")[0]
    assert part in Gates.model_fields
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    for key, value in PARTS[part]():
        [row] = [cells for cells in rows if f"`{key}`" in cells[1]]
        shown = f"{value:g}" if isinstance(value, (int, float)) else str(value)
        assert shown.replace("1e-09", "1e-9") in row[2] or value == ()
