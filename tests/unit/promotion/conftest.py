"""A contract with every kind of rule, and evidence that keeps all of them."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assay.bundle import Bundle, Golden, Manifest, MetricValue
from assay.contract import read_contract
from assay.promotion import decide_promotion
from assay.promotion.evidence import (
    Alternative,
    Disparity,
    Group,
    Origin,
    ParityFound,
    PromotionEvidence,
    Proxy,
    Reproduction,
    Service,
    ShuffledLabels,
    StressResult,
)
from assay.promotion.report import Case, Picture

CONTRACT = """
name = "loans"
revision = 3
purpose = "Probability that a loan is not paid back."
owner = "credit-risk"
[label]
field = "bad"
maturity_days = 90
[decision]
name = "grant a loan"
positive_action = "decline"
negative_action = "approve"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
floors = { auc = 0.7, ece = 0.05 }
margins = { auc = -0.01, brier = 0.001 }
[gates.calibration]
slope_minimum = 0.8
slope_maximum = 1.25
intercept_reach = 0.3
[gates.slices]
fields = ["region"]
auc = 0.6
min_rows = 100
min_positives = 10
[gates.stress]
missing_auc_loss = 0.1
flipped_share = 0.2
recession_auc = 0.6
[gates.fairness]
profile = "four_fifths_and_error_rates"
approval_ratio = 0.8
equal_opportunity = 0.1
equalised_odds = 0.15
alternative_gain = 0.02
alternative_cost = 0.01
proxy_auc = 0.9
min_rows = 100
[gates.leakage]
feature_auc = 0.9
shuffled_errors = 3
[gates.service]
score_psi = 0.25
parity = 1e-9
latency_ms = 10
size_mb = 1
[[field]]
name = "income"
dtype = "number"
minimum = 0
nulls = "allow"
[[field]]
name = "debt"
dtype = "number"
maximum = 10
nulls = "allow"
[[field]]
name = "n_loans"
dtype = "integer"
minimum = 0
maximum = 20
[[field]]
name = "age_of_account"
dtype = "integer"
[[field]]
name = "region"
dtype = "category"
categories = ["north", "south"]
[[field]]
name = "gender"
dtype = "category"
role = "protected"
categories = ["a", "b"]
[[field]]
name = "remark"
dtype = "text"
role = "protected"
[[field]]
name = "at"
dtype = "timestamp"
role = "event_time"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
nulls = "allow"
"""

EXPECTED = Path(__file__).with_name("expected")


@dataclass(frozen=True)
class Figure:
    value: float
    low: float
    high: float


NOT_WHOLE = [
    None,
    Figure(float("nan"), 0.7, 0.9),
    Figure(0.8, float("nan"), 0.9),
    Figure(0.8, 0.7, float("nan")),
    Figure(0.8, float("-inf"), 0.9),
    Figure(0.8, 0.7, float("inf")),
    Figure(0.8, 0.9, 0.7),
]
DIGEST = "ab" * 32


def group(field, name, n_rows=400, n_positives=80, auc=Figure(0.8, 0.75, 0.85)):
    share = n_positives / n_rows
    bad = Figure(share, share - 0.02, share + 0.02)
    return Group(field, name, n_rows, n_positives, auc, bad, share + 0.01)


def disparity(name, ratio, n_rows=300):
    return Disparity(
        field="gender",
        group=name,
        reference="b",
        n_rows=n_rows,
        approval_share=Figure(0.7, 0.65, 0.75),
        approval_ratio=Figure(ratio, ratio - 0.05, ratio + 0.05),
        equal_opportunity=Figure(0.03, 0.0, 0.06),
        equalised_odds=Figure(0.05, 0.01, 0.09),
    )


def alternative(change, gain, extra):
    return Alternative(
        field="gender",
        change=change,
        cost=Figure(0.52, 0.5, 0.54),
        smallest_ratio=Figure(0.95, 0.9, 1.0),
        extra_cost=Figure(extra, extra - 0.005, extra + 0.005),
        ratio_gain=Figure(gain, gain - 0.01, gain + 0.01),
    )


STRESS = (
    StressResult("missing_loss", "income", 500, found=Figure(0.03, 0.02, 0.04)),
    StressResult("missing_loss", "debt", 500, found=Figure(0.01, 0.0, 0.02)),
    StressResult("missing_refused", "n_loans", 20, 20),
    StressResult("missing_refused", "age_of_account", 20, 20),
    StressResult("missing_refused", "region", 20, 20),
    StressResult("out_of_range", "income", 10, 10),
    StressResult("out_of_range", "debt", 10, 10),
    StressResult("out_of_range", "n_loans", 20, 20),
    StressResult("noise", "income", 500, found=Figure(0.01, 0.0, 0.02)),
    StressResult("noise", "debt", 500, found=Figure(0.02, 0.01, 0.03)),
    StressResult("noise", "n_loans", 500, found=Figure(0.1, 0.08, 0.12)),
    StressResult("noise", "age_of_account", 500, found=Figure(0.0, 0.0, 0.01)),
    StressResult("recession", "simulated", 5000, found=Figure(0.72, 0.7, 0.74)),
)
SECTIONS = (
    "metrics",
    "improvements",
    "slices",
    "months",
    "score_shift",
    "stress",
    "fairness",
    "proxies",
    "alternatives",
    "leakage",
    "parity",
    "service",
    "reproduction",
)
WHOLE = PromotionEvidence(
    metrics={
        "auc": Figure(0.80, 0.78, 0.82),
        "ece": Figure(0.01, 0.005, 0.02),
        "brier": Figure(0.12, 0.11, 0.13),
        "cost": Figure(0.5, 0.48, 0.52),
        "calibration_slope": Figure(1.0, 0.9, 1.1),
        "calibration_intercept": Figure(0.02, -0.1, 0.14),
    },
    has_champion=True,
    improvements={
        "auc": Figure(0.02, 0.01, 0.03),
        "brier": Figure(-0.004, -0.006, -0.002),
        "cost": Figure(-0.01, -0.02, 0.0),
    },
    auc_gain_delong=Figure(0.02, 0.009, 0.031),
    cost_saved=Figure(0.3, 0.2, 0.4),
    slices=(
        group("region", "north"),
        group("region", "south"),
        group("gender", "a"),
        group("gender", "b"),
        group("gender", "missing", 30, 4, None),
    ),
    months=(group("at", "2026-01"), group("at", "2026-02", 60, 12)),
    score_shift=Figure(0.05, 0.03, 0.07),
    stress=STRESS,
    fairness=(disparity("a", 0.95), disparity("b", 1.0), disparity("missing", 0.6, 30)),
    proxies=(
        Proxy("gender", "a", 300, Figure(0.6, 0.55, 0.65), Figure(0.52, 0.5, 0.54)),
    ),
    alternatives=(
        alternative("threshold 0.300", 0.05, 0.1),
        alternative("without debt", 0.01, -0.02),
    ),
    shuffled=ShuffledLabels(0.51, 0.01, 3),
    feature_aucs={
        "income": Figure(0.6, 0.58, 0.62),
        "debt": Figure(0.7, 0.68, 0.72),
        "n_loans": Figure(0.65, 0.63, 0.67),
        "age_of_account": Figure(0.55, 0.53, 0.57),
        "region": Figure(0.51, 0.49, 0.53),
    },
    parity=ParityFound(10_000, 4e-16),
    service=Service(Figure(0.2, 0.15, 0.4), 100_000),
    reproduction=Reproduction(DIGEST, DIGEST),
    origins={name: Origin({"challenger": DIGEST, "section": name}) for name in SECTIONS},
)


def manifest(contract, **changes):
    content = {
        "model_name": "loans",
        "algorithm": "boosting",
        "parameters": {"max_depth": 4, "learning_rate": 0.05, "holdout_share": 0.2},
        "threshold": 0.1667,
        "seed": 7,
        "n_rows": {"train": 5000, "calibration": 1000, "holdout": 1500, "unlabelled": 10},
        "metrics": {"auc": MetricValue(value=0.8, low=0.78, high=0.82)},
        "contract_digest": contract.digest,
        "snapshot_digest": "cd" * 32,
        "code_revision": "1234567890abcdef",
        "lock_digest": "ef" * 32,
        "library_versions": {"numpy": "2"},
    }
    return Manifest(**{**content, **changes})


def bundle(contract, digest, **changes):
    golden = Golden(rows=({"income": 1.0},), probabilities=(0.5,))
    stated = manifest(contract, **changes)
    return Bundle(Path("nowhere"), digest, stated, contract, golden, b"graph", {})


@pytest.fixture(scope="session")
def contract():
    return read_contract(CONTRACT)


@pytest.fixture
def decided(contract):
    """Return a function that decides on the whole evidence with some parts replaced."""

    def decide(text=CONTRACT, **parts):
        gates = contract if text == CONTRACT else read_contract(text)
        return decide_promotion(gates, replace(WHOLE, **parts))

    return decide


@pytest.fixture(scope="session")
def case(contract):
    """Return the case of a challenger that keeps its gate."""
    smaller = read_contract(
        CONTRACT.replace('name = "debt"\n', 'name = "old_debt"\n').replace(
            '["region"]', "[]"
        )
    )
    return Case(
        contract=contract,
        challenger=bundle(contract, "12" * 32),
        champion=bundle(
            smaller,
            "34" * 32,
            algorithm="logistic",
            parameters={"C": 1.0, "holdout_share": 0.2},
            n_rows={"train": 4000, "calibration": 1000, "holdout": 1500},
        ),
        version=5,
        champion_version=4,
        evidence=WHOLE,
        evidence_digest="56" * 32,
        decision=decide_promotion(contract, WHOLE),
        pictures={
            name: Picture(name, b"png of " + name.encode(), f"{name}; from abc")
            for name in (
                "roc",
                "calibration",
                "slices",
                "months",
                "approval",
                "trade_off",
            )
        },
    )


@pytest.fixture
def same_as_expected():
    """Return a function that compares a text with the file of that name.

    A file that is absent is written and the test fails once: read it before it stays.
    """

    def compare(text, name):
        path = EXPECTED / name
        if not path.exists():
            path.write_text(text)
            pytest.fail(f"{path} was not there; read what was written")
        assert text == path.read_text()

    return compare
