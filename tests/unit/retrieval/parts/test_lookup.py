"""Figures that no question changes, by hand."""

import numpy as np
import pytest

from assay.retrieval.parts.lookup import NUMBER, PERIODS, YEAR


def test_terms_have_their_idf_and_kind_and_unknown_ones_the_largest(parts):
    lookup, known = parts.lookup, parts.lexical.vocabulary
    for term, row in known.items():
        assert lookup.idf[row] == pytest.approx(parts.lexical.idf(term))
    assert lookup.idf[-1] == pytest.approx(parts.lexical.idf("zebra"))
    kinds = {term: lookup.kinds[row] for term, row in known.items()}
    assert (kinds["2022"], kinds["1452.4"], kinds["bank"]) == (YEAR, NUMBER, 0)


def test_passages_are_found_by_company_and_filing(parts):
    lookup = parts.lookup
    assert lookup.passages_of["Northwind Bank"].tolist() == [0, 1]
    assert lookup.passages_of["Adler AG"].tolist() == [2]
    assert set(lookup.passages_of) == {"Northwind Bank", "Adler AG"}
    assert lookup.years.tolist() == [2022, 2021, 2022, 0]
    assert lookup.periods.tolist() == [-1] * 4
    assert "Q4" in PERIODS
    ordered = parts.filing_of[lookup.filing_order]
    assert np.all(np.diff(ordered) >= 0)
    assert ordered[lookup.filing_starts].tolist() == [0, 1, 2, 3]
    assert lookup.filing_sizes.tolist() == [1, 1, 1, 1]
