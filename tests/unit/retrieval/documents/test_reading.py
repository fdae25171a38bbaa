"""Each format gives its text and metadata; a wrong file is named with what to do."""

import pytest

from assay.errors import DataError, SourceError
from assay.retrieval.documents import PrivacyPolicy, read_document, read_documents
from deployments.environment import project_root


def document(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path, folder)[0]


def test_markdown_states_its_metadata_in_its_front_matter(tmp_path):
    found = document(
        tmp_path,
        "a/2020-q1-x.md",
        "---\ncompany: Acme\nfiscal_year: 2024\nsector: rail\n---\n# Report\n\nText.",
    )
    assert found.title == "Report"
    assert found.text.startswith("# Report")
    assert found.metadata.company == "Acme"
    assert (found.metadata.fiscal_year, found.metadata.period) == (2024, "Q1")
    assert found.metadata.extra == {"sector": "rail"}
    assert found.document_id == found.metadata.source == "a/2020-q1-x.md"


def test_html_keeps_headings_and_rows_and_drops_what_no_reader_sees(tmp_path):
    found = document(
        tmp_path,
        "page.html",
        "<head><title>T</title><meta name='fiscal-year' content='2023'>"
        "<body><h2>Sales</h2><p>One &amp; two<p style='display: none'>hidden</p>"
        "<table><tr><th>m</th><th>2023</th></tr><tr><td>Fees</td><td>9</td></tr></table>"
        "<script>evil()</script>",
    )
    assert found.title == "T"
    assert found.metadata.fiscal_year == 2023
    assert "## Sales" in found.text
    assert "m | 2023\nFees | 9" in found.text
    assert "One & two" in found.text
    assert "hidden" not in found.text
    assert "evil" not in found.text


def test_a_transcript_says_who_spoke_and_when(tmp_path):
    found = document(
        tmp_path,
        "call.json",
        '{"title": "Call", "company": "Acme", "fiscal_year": 2024, "turns": '
        '[{"speaker": "Ann", "role": "CFO", "time": "00:01:00", "text": "Up 2%."}]}',
    )
    assert found.text == "## Ann, CFO, 00:01:00\n\nUp 2%."
    assert found.metadata.company == "Acme"
    assert found.metadata.fiscal_year == 2024


def test_form_feeds_are_pages_whose_starts_are_known(tmp_path):
    found = document(tmp_path, "two.txt", "first page\fsecond page\f")
    assert len(found.pages) == 2
    assert found.text[found.pages[1] :] == "second page"


def test_pages_start_right_although_masking_shortened_the_one_before(tmp_path):
    found = document(tmp_path, "two.txt", "card 4111111111111111\fsecond")
    assert "4111" not in found.text
    assert found.text[found.pages[1] :] == "second"


def test_control_and_invisible_characters_do_not_reach_the_index(tmp_path):
    assert (
        document(tmp_path, "a.txt", "pay\u200bment\x00 \u202edue").text == "payment due"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", b"%PDF-1.7", r"a\.pdf: damaged PDF"),
        ("a.xlsx", b"x", r"a\.xlsx: '\.xlsx' is no known format.*\.md"),
        ("a.txt", b"\xff\xfe\x00", r"a\.txt: no UTF-8 at byte 0"),
        ("a.txt", b" \n", r"a\.txt: no text"),
        ("a.json", b"{", r"a\.json: no JSON"),
        ("a.json", b"[1]", r"a\.json: no turns"),
        ("a.json", b'{"turns": [{"speaker": "A"}]}', r"turn 1 has no text"),
        ("a.md", b"---\nfiscal_year: soon\n---\nx", r"fiscal_year is 'soon'"),
        ("a.md", b"---\n- x\n---\nx", r"front matter is no mapping"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_do(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        document(tmp_path, name, content)


def test_all_wrong_files_of_a_folder_are_named_at_once(tmp_path):
    (tmp_path / "one.pdf").write_bytes(b"x")
    (tmp_path / "two.bin").write_bytes(b"x")
    with pytest.raises(DataError, match=r"one\.pdf.*two\.bin"):
        read_documents(tmp_path)


def test_a_folder_that_is_not_there_is_an_error_of_the_source(tmp_path):
    with pytest.raises(SourceError, match="is no folder"):
        read_documents(tmp_path / "absent")


def test_the_shipped_documents_read_whole_and_masked():
    found = read_documents(project_root() / "data" / "documents", PrivacyPolicy())
    assert len(found.documents) == 12
    assert {d.metadata.fiscal_year for d in found.documents} == {2023, 2024, 2025}
    assert all(d.metadata.company for d in found.documents)
    assert found.masked == {"card": 1, "account": 1, "national_id": 1}
    assert "4111" not in "".join(d.text for d in found.documents)
