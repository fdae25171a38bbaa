"""``assay ask``: a question to the documents, answered with its quotation."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assay.errors import ConfigError

if TYPE_CHECKING:
    from assay.retrieval.answers.answer import Answer


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Metadata to stay within, such as fiscal_year=2024."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same form as POST /v1/answers.")
    ] = False,
) -> None:
    """Ask the indexed documents; every sentence is quoted and located, or it refuses."""
    from assay.adapters.language.endpoint import configured_writer
    from assay.retrieval.answers.form import answer_as_json
    from assay.retrieval.answers.written import written_answer
    from assay.retrieval.index import open_current
    from assay.retrieval.index.encoders import query_encoder
    from assay.settings import Settings

    settings = Settings()
    root = settings.document_index
    index, problem = open_current(root, partial(query_encoder, root))
    if problem:
        Console(stderr=True).print(f"[yellow]note:[/] {problem}", soft_wrap=True)
    filters = parse_filters(only or []) or None
    writer = configured_writer(settings)
    found = written_answer(question, index, writer, filters=filters)
    if as_json:
        typer.echo(json.dumps(answer_as_json(found), indent=1, ensure_ascii=False))
    else:
        typer.echo(answer_page(found))


def parse_filters(words: list[str]) -> dict[str, str]:
    """Return filters from words such as ``fiscal_year=2024``.

    Raises
    ------
    ConfigError
        If a word has no ``=``.
    """
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise ConfigError(f"--only {wrong[0]!r} has no '='; write fiscal_year=2024")
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def answer_page(found: Answer) -> str:
    """Return an answer for the terminal: its text, and where each quote stands."""
    lines = [found.text]
    for number, quote in enumerate(found.quotes, 1):
        one = quote.quotation
        place = f"{one.document_id}, characters {one.start}-{one.end}"
        page = f", page {one.page}" if one.page else ""
        heading = f", {quote.heading}" if quote.heading else ""
        lines.append(f"[{number}] {quote.title}{heading}{page} ({place})")
        if quote.table_header:
            lines.append(f"    columns: {quote.table_header}")
    if found.note:
        lines.append(f"note: {found.note}")
    lines.append(
        f"index {found.index_version}, probability that it answers "
        f"{found.probability:.2f}"
    )
    return "\n".join(lines)
