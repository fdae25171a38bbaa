"""Whom and when a question asks about."""

import pytest

from assay.retrieval.parts.routing import build_gazetteer, matches
from assay.retrieval.types import Metadata

GAZETTEER = build_gazetteer(
    [
        "Northwind Bank plc",
        "Adler AG",
        "Target Corporation",
        "Hale & Moor",
        "First Fen Inc",
    ]
)


@pytest.mark.parametrize(
    ("question", "companies"),
    [
        ("What was Northwind's net income?", {"Northwind Bank plc"}),
        ("how much did Adler AG earn", {"Adler AG"}),
        ("What is the inflation target of the bank?", set()),
        ("Did Target open stores?", {"Target Corporation"}),
        ("Compare Adler and Northwind Bank", {"Adler AG", "Northwind Bank plc"}),
        ("What drove H&M margins?", {"Hale & Moor"}),
        ("What was sold first?", set()),
    ],
)
def test_companies_are_read_from_the_question(question, companies):
    assert GAZETTEER.asked(question).companies == companies


def test_years_and_periods_are_read_from_the_question():
    asked = GAZETTEER.asked("Did FY22 sales in the third quarter beat Q1 2021?")
    assert asked.years == {2022, 2021}
    assert asked.periods == {"Q3", "Q1"}


def test_filters_pass_what_they_name():
    metadata = Metadata(company="Adler AG", fiscal_year=2022, extra={"desk": "rates"})
    assert matches(metadata, {"company": "adler ag", "fiscal_year": [2021, 2022]})
    assert matches(metadata, {"desk": "rates"})
    assert not matches(metadata, {"company": "Northwind"})
    assert not matches(metadata, {"colour": "red"})
