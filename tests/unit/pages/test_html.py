"""A page looks as its look says; what comes from outside is text and never markup."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from assay.pages import Document, Grid, Look, Picture, Section, html_page

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
            code=ODD,
        ),
        Section(title="empty"),
    ),
)
LOOK = Look({"refuse": "bad"})


class Reader(HTMLParser):
    """Notes every tag with its attributes, and every text outside of the style."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip() and self.tags[-1][0] != "style":
            self.texts.append(data)

    def classes(self, tag):
        return [
            attributes.get("class", "") for name, attributes in self.tags if name == tag
        ]


def test_no_word_of_a_report_becomes_markup():
    read = Reader(html_page(DOCUMENT, LOOK))
    known = {"html", "head", "meta", "title", "style", "body", "main", "div", "h1", "h2"}
    known |= {"p", "dl", "dt", "dd", "ul", "li", "table", "caption", "thead", "tbody"}
    known |= {"tr", "th", "td", "figure", "img", "figcaption", "pre", "code"}
    assert {tag for tag, _ in read.tags} == known
    # title, kicker, heading, summary, fact and its name, section, paragraph, bullet,
    # caption of the table, head, two cells, caption of the picture, code
    assert sum(text == ODD for text in read.texts) == 15
    (image,) = [attributes for tag, attributes in read.tags if tag == "img"]
    assert image == {"alt": ODD, "src": "data:image/png;base64,cG5n"}


def test_columns_and_cells_and_verdicts_have_the_classes_of_the_look():
    grid = Grid(("n", "word"), (("1", "kept"), ("2", "failed")))
    document = replace(DOCUMENT, sections=(Section(title="t", grids=(grid,)),))
    look = Look(
        {"refuse": "bad", "promote": "good"},
        style="td.number { color: red; }",
        of_column=lambda cells: "number" if cells == ["1", "2"] else "",
        of_cell=lambda column, text: text if column == "word" else "never",
    )
    page = html_page(document, look)
    read = Reader(page)
    assert read.classes("th") == ["number", ""]
    assert read.classes("td") == ["number", "kept", "number", "failed"]
    assert "summary bad" in read.classes("p")
    assert "td.number { color: red; }</style>" in page
    promoted = Reader(html_page(replace(document, verdict="promote"), look))
    assert "summary good" in promoted.classes("p")
    with pytest.raises(KeyError, match="maybe"):
        html_page(replace(document, verdict="maybe"), look)


def test_states_colour_the_column_of_that_name_and_no_other():
    grid = Grid(
        ("state", "why"), (("fine", "a"), ("bad", "b")), states=("holds", "broken")
    )
    document = replace(DOCUMENT, sections=(Section(title="t", grids=(grid,)),))
    read = Reader(html_page(document, LOOK))
    assert read.classes("span") == ["state holds", "state broken"]


@pytest.mark.parametrize(
    "grid",
    [Grid(("a", "b"), (("1",),)), Grid(("a",), (("1",), ("2",)), states=("holds",))],
)
def test_a_table_whose_parts_do_not_fit_is_no_report(grid):
    section = Section(title="t", grids=(grid,))
    with pytest.raises((ValueError, IndexError)):
        html_page(replace(DOCUMENT, sections=(section,)), LOOK)
