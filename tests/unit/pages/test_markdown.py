"""The same report in Markdown, where no word ends a cell."""

from assay.pages import markdown_page
from tests.unit.pages.test_html import DOCUMENT, ODD

PLAIN = "&lt;script>a\\|b & 'c' &lt;/script>"


def test_no_word_of_a_report_becomes_markup_or_ends_a_cell():
    page = markdown_page(DOCUMENT)
    code = f"```python\n{ODD}\n```"
    assert code in page
    outside = page.replace(code, "")
    assert "<" not in outside
    assert f"| {PLAIN} | {PLAIN} |" in outside
    assert outside.startswith(f"# {PLAIN}\n\n**{PLAIN}**\n")


def test_a_picture_is_shown_where_it_has_an_address_and_named_where_not():
    assert f"![{PLAIN}](http://x/p.png)" in markdown_page(
        DOCUMENT, {"p": "http://x/p.png"}
    )
    assert "(figure: p)" in markdown_page(DOCUMENT)


def test_parts_stand_apart_by_one_empty_line():
    page = markdown_page(DOCUMENT)
    assert "\n\n\n" not in page
    assert page.endswith("## empty\n")
