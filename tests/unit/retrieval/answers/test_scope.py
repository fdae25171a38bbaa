"""Evidence fits only if it is about whom and when the question asks."""

import pytest

from assay.retrieval.answers.scope import Scope
from assay.retrieval.parts.routing import Asked
from assay.retrieval.types import Metadata

ADLER = Metadata(company="Adler AG", fiscal_year=2024, period="FY")


def scope(companies=(), years=(), periods=()):
    return Scope(Asked(frozenset(companies), frozenset(years), frozenset(periods)))


@pytest.mark.parametrize(
    ("year", "said", "fits"),
    [
        (2024, "Sales were 4.", True),
        (2023, "Sales were 4.", False),
        (2023, "Sales were 4, against 3 in FY23.", True),
        (2019, "Sales were $2,019.5 million and 19 shops.", False),
    ],
)
def test_a_stated_fiscal_year_decides_unless_the_sentence_names_the_year(
    year, said, fits
):
    assert scope(years=[year]).fits_period(ADLER, said, "founded in 2023") is fits


def test_a_document_of_no_year_is_read_with_what_stands_around():
    undated = Metadata(company="Adler AG")
    assert scope(years=[2023]).fits_period(undated, "Sales were 4.", "Results 2023")
    assert not scope(years=[2022]).fits_period(undated, "Sales were 4.", "Results 2023")


def test_a_quarter_must_be_the_documents_or_be_named():
    third = Metadata(fiscal_year=2024, period="Q3")
    asked = scope(years=[2024], periods=["Q3"])
    assert asked.fits_period(third, "Sales were 4.", "")
    assert not asked.fits_period(ADLER, "Sales were 4.", "")
    assert asked.fits_period(ADLER, "Sales were 4.", "in the third quarter")
    assert asked.period == ("Q3 2024",)


def test_another_companys_evidence_fits_only_where_it_names_the_one_asked():
    asked = scope(companies=["Adler AG"])
    other = Metadata(company="Northwind Bank")
    assert asked.fits_company(ADLER, "Sales were 4.")
    assert not asked.fits_company(other, "Sales were 4.")
    assert asked.fits_company(other, "Adler AG paid 4.")
    assert scope().fits_company(other, "")
