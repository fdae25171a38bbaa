"""Which names of a question an index does not know."""

import pytest

from assay.retrieval.words.names import unknown_names

KNOWN = {"northwind", "bank", "energy", "dividend", "chief", "revenue"}


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("What did Zephyr Motors pay Northwind Bank?", ("Zephyr Motors",)),
        ("what did zephyr pay?", ()),
        ("What did Northwind pay?", ()),
        ("What was Velmora Energy's revenue?", ("Velmora Energy",)),
        ("What did Velmora Revenue Trust earn?", ("Velmora Revenue Trust",)),
        ("Velmora's revenue?", ("Velmora",)),
        ("Velmora Energy's revenue in 2024?", ("Velmora Energy",)),
        ("Revenue in 2024?", ()),
        ("Compare Northwind and Velmora Energy", ("Velmora Energy",)),
        ("How did Northwind Bank and Zephyr compare in Q3 2024?", ("Zephyr",)),
        ("Who is the CEO of Northwind, and what was its EPS in March?", ()),
        ("Did the Bank of Ostrava grow?", ("Bank of Ostrava",)),
        ("What Dividend did the Chief Executive Officer propose?", ()),
    ],
)
def test_a_name_whose_telling_word_the_index_lacks_is_unknown(question, unknown):
    assert unknown_names(question, KNOWN.__contains__) == unknown
