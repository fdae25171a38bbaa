"""Better prose under the same guards, and the extractive answer wherever they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from assay.errors import AssayError
from assay.retrieval.answers.answer import (
    Answer,
    Quote,
    Tell,
    answer,
    beside_the_question,
    located,
)
from assay.retrieval.answers.extractive import Quotation
from assay.retrieval.answers.grounding import Claim, claims_of
from assay.retrieval.answers.prompt import Prompt, grounded_prompt
from assay.retrieval.answers.scope import Scope
from assay.retrieval.index import OpenIndex
from assay.retrieval.search import Filters, Found


class Writer(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """Name that answers carry."""

    @property
    def window(self) -> int:
        """Tokens that it takes, answer included."""

    def write(self, prompt: Prompt) -> str:
        """Return what the model says.

        Raises
        ------
        SourceError
            If it does not deliver in its time.
        """


def written_answer(
    question: str,
    index: OpenIndex,
    writer: Writer | None = None,
    *,
    k: int = 10,
    filters: Filters | None = None,
    tell: Tell = lambda _: None,
) -> Answer:
    """Answer as `answer` does, in the words of a language model where its claims hold.

    What is refused without a model is refused with one, before it is asked. Where the
    model fails, or nothing that it says is supported, the extractive answer is given
    and its note says why.

    Parameters
    ----------
    question, index, k, filters, tell
        See `assay.retrieval.answers.answer.answer`.
    writer : Writer, optional
        None means extractive.
    """
    seen: list[Found] = []

    def noted(found: Found) -> None:
        seen.append(found)
        tell(found)

    plain = answer(question, index, k=k, filters=filters, tell=noted)
    if writer is None or plain.refusals:
        return plain
    prompt = grounded_prompt(question, seen[0].hits, window=writer.window)
    if not prompt.passages:
        return _fallen_back(plain, writer, "no passage fits its window")
    try:
        claims, n_cut = claims_of(writer.write(prompt), prompt.passages)
    except AssayError as error:
        return _fallen_back(plain, writer, str(error))
    kept = _within_scope(claims, question, index)
    n_cut += len(claims) - len(kept)
    if not kept:
        return _fallen_back(plain, writer, f"none of its {n_cut} sentences is supported")
    return replace(
        plain,
        text=" ".join(f"{text} [{number}]" for number, (text, _) in enumerate(kept, 1)),
        quotes=tuple(quote for _, quote in kept),
        writer=writer.name,
        note=f"{n_cut} unsupported sentences were cut" if n_cut else "",
    )


def _within_scope(
    claims: Sequence[Claim], question: str, index: OpenIndex
) -> list[tuple[str, Quote]]:
    scope = Scope(index.engine.parts.gazetteer.asked(question))
    quoted = [(claim, _quote(claim, index)) for claim in claims]
    return [
        (claim.text, quote)
        for claim, quote in quoted
        if beside_the_question(quote, claim.passage, scope) is None
    ]


def _quote(claim: Claim, index: OpenIndex) -> Quote:
    passage = claim.passage
    text = index.texts[passage.document_id]
    quotation = Quotation(
        text=text[claim.start : claim.end],
        passage_id=passage.passage_id,
        document_id=passage.document_id,
        start=claim.start,
        end=claim.end,
        page=passage.page_at(claim.start),
        score=claim.support,
    )
    return located(quotation, passage, text)


def _fallen_back(plain: Answer, writer: Writer, why: str) -> Answer:
    return replace(plain, note=f"quoted instead of written by {writer.name}: {why}")
