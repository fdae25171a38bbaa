"""Words of filings in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.retrieval.words.tokens import is_number, is_year, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,452.40 million", ["1452.4", "million"]),
        ("3.990 and 10.0 and 12%", ["3.99", "and", "10", "and", "12"]),
        ("FY22 and fy2021", ["2022", "and", "2021"]),
        ("Q3, third quarter, 3Q22", ["q3", "q3", "q3", "2022"]),
        ("q4 2021", ["q4", "2021"]),
        ("Adobe\u2019s TLR7 na\u00efve", ["adobe", "tlr7", "naive"]),
        ("first half", ["first", "half"]),
    ],
)
def test_words_of_filings_come_in_one_form(text, expected):
    assert words(text) == expected


def test_terms_are_stems_without_stop_words():
    assert terms("What were the operating revenues?") == ["oper", "revenu"]


def test_numbers_and_years_are_told_apart():
    assert is_number("1452.4")
    assert not is_number("q1")
    assert is_year("2022")
    assert not is_year("1452")
    assert not is_year("2022.5")


@given(st.text())
def test_any_text_has_words_without_white_space(text):
    assert all(word and not any(c.isspace() for c in word) for word in words(text))


@given(st.integers(min_value=1000, max_value=10**12))
def test_thousands_separators_change_nothing(number):
    assert words(f"{number:,}") == words(str(number)) == [str(number)]
