"""What a report says of the registered plan."""

from datetime import UTC, datetime

from assay.causal.registration import registration_of
from assay.causal.registration_section import registration_section

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
FOUND = registration_of(
    "lender", 2, SINCE, is_canary=True, maturity_days=90, contract_digest="c" * 64
)


def section(**more):
    return registration_section(
        FOUND, digest="e" * 64, at=SINCE, **{"departures": (), **more}
    )


def test_a_kept_plan_says_so_with_its_digest():
    found = section()
    assert "nothing was chosen after outcomes" in found.paragraphs[0]
    cells = dict(found.grids[0].rows)
    assert cells["digest of the registration"] == "e" * 64
    assert FOUND.plans["cost"]["digest"][:12] in cells["digests of its plans"]
    assert cells["not before"].startswith("2026-07-04")


def test_departures_and_circumstances_are_listed():
    found = section(departures=("rows '' instead",), circumstances=("it ended early",))
    assert "departs from the plan in 1 respects" in found.paragraphs[0]
    assert found.bullets == ("rows '' instead", "it ended early")
