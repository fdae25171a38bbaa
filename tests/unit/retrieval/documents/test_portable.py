"""PDF files written by another library are read with their pages, words and errors."""

from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pypdf
import pytest
from matplotlib.backends.backend_pdf import PdfPages

from assay.errors import DataError
from assay.retrieval.documents import read_document
from assay.retrieval.documents.portable import MOST_PAGES, parse_pdf
from assay.retrieval.parts.passages import cut_passages


def written(*texts, **information):
    content = BytesIO()
    with PdfPages(content, metadata=information) as pages:
        for text in texts:
            figure = plt.figure()
            figure.text(0.1, 0.5, text)
            pages.savefig(figure)
            plt.close(figure)
    return content.getvalue()


def rewritten(content, change):
    writer = pypdf.PdfWriter(clone_from=BytesIO(content))
    change(writer)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_and_title_are_those_of_the_file():
    found = parse_pdf(
        written("Fees were 12.4 million.\nCosts fell.", "Last page.", Title="Report")
    )
    assert found.pages == ("Fees were 12.4 million.\nCosts fell.", "Last page.")
    assert found.title == "Report"
    assert found.paged


def test_a_page_without_text_keeps_its_number():
    assert parse_pdf(written("One.", "", "Three.")).pages == ("One.", "", "Three.")


def test_custom_information_is_metadata_and_the_files_making_is_not():
    content = rewritten(
        written("x"),
        lambda w: w.add_metadata({"/Company": "Acme", "/FiscalYear": "2024"}),
    )
    assert parse_pdf(content).metadata == {"company": "Acme", "fiscal_year": "2024"}


def test_a_word_cut_by_the_line_is_joined_only_if_the_document_has_it_whole():
    found = parse_pdf(
        written("Deposits and depos-\nits grew in the long-\nterm book.", "It ended.")
    )
    assert found.pages[0] == "Deposits and deposits\n grew in the long-\nterm book."


def test_ligatures_become_letters():
    assert parse_pdf(written("of\ufb01ce")).pages == ("office",)


def test_a_place_in_a_passage_over_three_pages_knows_its_own_page(tmp_path):
    path = tmp_path / "fy2024-report.pdf"
    path.write_bytes(written("First page here.", "", "Net fees were 9 million."))
    document, _ = read_document(path, tmp_path)
    (passage,) = cut_passages(document)
    fees = document.text.index("Net fees")
    assert document.text[passage.start : passage.end] == passage.text
    assert [passage.page_at(at) for at in (0, fees - 1, fees)] == [1, 2, 3]
    assert document.metadata.fiscal_year == 2024


def test_locked_against_changes_is_read_and_locked_against_reading_is_refused():
    def lock(user):
        return lambda w: w.encrypt(user, "owner", algorithm="RC4-128")

    assert parse_pdf(rewritten(written("Open."), lock(""))).pages == ("Open.",)
    with pytest.raises(DataError, match="needs a password"):
        parse_pdf(rewritten(written("Open."), lock("secret")))


def test_a_scan_is_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"none of its 2 pages has text.*ocrmypdf"):
        parse_pdf(written("", ""))


def test_too_many_pages_are_refused():
    content = rewritten(
        written("x"), lambda w: [w.add_blank_page(9, 9) for _ in range(MOST_PAGES)]
    )
    with pytest.raises(DataError, match=f"{MOST_PAGES + 1:,} pages"):
        parse_pdf(content)


def test_damaged_bytes_are_read_or_refused_and_nothing_else():
    whole = written("Some text.", "More of it.", Title="x")
    random = np.random.default_rng(7)
    refused = 0
    for _ in range(300):
        content = np.frombuffer(whole, dtype=np.uint8).copy()
        at = random.integers(0, content.size, size=random.choice([1, 5, 40]))
        content[at] = random.integers(0, 256, size=at.size)
        try:
            parse_pdf(content[: random.integers(1, 2 * content.size)].tobytes())
        except DataError:
            refused += 1
    assert 0 < refused < 300
