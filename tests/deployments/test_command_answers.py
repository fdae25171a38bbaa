"""What `assay ask` shows, and how it refuses."""

import pytest
from typer.testing import CliRunner

from assay.errors import ConfigError, RegistryError
from assay.retrieval.answers.answer import Answer, Quote
from assay.retrieval.answers.extractive import Quotation
from assay.retrieval.types import Metadata
from deployments.command import command
from deployments.command.answers import answer_page, parse_filters


def test_an_answer_shows_where_each_quote_stands():
    quote = Quote(
        Quotation("Fuel | 41", "d#0-50", "d", 9, 18, 3, 0.9),
        "T",
        "Costs",
        "m | 2024",
        Metadata(),
    )
    page = answer_page(Answer("?", "“Fuel | 41” [1]", (quote,), (), (), 0.871))
    assert "[1] T, Costs, page 3 (d, characters 9-18)" in page
    assert "columns: m | 2024" in page
    assert "0.87" in page


def test_filters_are_names_and_values():
    assert parse_filters(["fiscal_year=2024"]) == {"fiscal_year": "2024"}
    with pytest.raises(ConfigError, match="has no '='"):
        parse_filters(["2024"])


def test_without_an_index_it_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    ran = CliRunner().invoke(command(), ["ask", "What was revenue?"])
    assert isinstance(ran.exception, RegistryError)
    assert "index-documents" in str(ran.exception)
