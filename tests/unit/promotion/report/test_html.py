"""What comes from outside is text in the page and never markup."""

from dataclasses import replace

import pytest

from assay.promotion.report import Document, Picture, html_page, markdown_page
from assay.promotion.report.parts import Grid, Section

ODD = "<script>a|b & 'c'\n</script>"
DOCUMENT = Document(
    kind=ODD,
    title=ODD,
    summary=ODD,
    verdict="refuse",
    facts=((ODD, ODD),),
    sections=(
        Section(
            title=ODD,
            paragraphs=(ODD,),
            bullets=(ODD,),
            grids=(Grid((ODD, "from"), ((ODD, ODD), ("failed", "kept")), ODD),),
            pictures=(Picture("p", b"png", ODD),),
        ),
        Section(title="empty"),
    ),
)


def test_no_word_of_a_report_becomes_markup_in_html(same_as_expected):
    page = html_page(DOCUMENT)
    assert "<script" not in page
    assert 'src="data:image/png;base64,cG5n"' in page
    same_as_expected(page, "odd.html")


def test_no_word_of_a_report_ends_a_cell_in_markdown(same_as_expected):
    page = markdown_page(DOCUMENT)
    assert "<script" not in page
    same_as_expected(page, "odd.md")


def test_a_row_that_is_not_as_wide_as_its_table_is_no_report():
    section = Section(title="t", grids=(Grid(("a", "b"), (("1",),)),))
    with pytest.raises(ValueError, match="zip"):
        html_page(replace(DOCUMENT, sections=(section,)))
