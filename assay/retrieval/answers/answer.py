"""A question in; quoted sentences with their places out, or the reasons of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from assay.retrieval.answers.extractive import Quotation, quotations
from assay.retrieval.answers.safety import has_instruction, ordered_spans
from assay.retrieval.answers.scope import Scope, without_companies
from assay.retrieval.index import OpenIndex
from assay.retrieval.parts import index_text
from assay.retrieval.parts.routing import Asked
from assay.retrieval.search import Filters, Found, search
from assay.retrieval.search.gate import Refusal
from assay.retrieval.types import Metadata, Passage
from assay.retrieval.words.names import unknown_names
from assay.retrieval.words.tokens import words

Tell = Callable[[Found], None]

_SPARE = 8
_REASONS = {
    Refusal.WEAK_EVIDENCE: "the documents do not clearly say it",
    Refusal.ENTITY_NOT_IN_DOCUMENTS: "the documents say nothing of {}",
    Refusal.PERIOD_NOT_IN_DOCUMENTS: "the documents found say nothing about {}",
    Refusal.UNSUPPORTED_ANSWER: "no sentence of the documents could be quoted for it",
    Refusal.UNSAFE_QUESTION: "the question gives instructions instead of asking",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """One quoted sentence and where it stands.

    Attributes
    ----------
    quotation : Quotation
        Text, passage, character span, page and score.
    title : str
        The document's title.
    heading : str
        Heading above it, such as the speaker and time of a call.
    table_header : str
        First row of the table that it is a row of; empty elsewhere.
    metadata : Metadata
        The document's.
    """

    quotation: Quotation
    title: str
    heading: str
    table_header: str
    metadata: Metadata


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered to a question.

    Attributes
    ----------
    question : str
        As asked.
    text : str
        Quoted sentences with the number of their quote, or why there are none.
    quotes : tuple of Quote
        Empty in a refusal.
    refusals : tuple of Refusal
        Every reason against an answer; empty where it is answered.
    missing : tuple of str
        Names and periods that the question asks about and the documents lack.
    probability, threshold : float
        Calibrated probability that the evidence answers, and the least that passes.
    parts : mapping of str to mapping of str to float
        Parts of each hit's score, by passage.
    flagged : tuple of str
        Passages found that hold instructions; what they order is never quoted.
    index_version : str
        Version of the index.
    writer : str
        Who wrote the text: ``extractive`` or a language model's name.
    note : str
        Why another than the configured writer wrote it; empty where none did.
    """

    question: str
    text: str
    quotes: tuple[Quote, ...]
    refusals: tuple[Refusal, ...]
    missing: tuple[str, ...] = ()
    probability: float = 0.0
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    flagged: tuple[str, ...] = ()
    index_version: str = ""
    threshold: float = 0.0
    writer: str = "extractive"
    note: str = ""


def answer(
    question: str,
    index: OpenIndex,
    *,
    k: int = 10,
    filters: Filters | None = None,
    n_quotes: int = 2,
    tell: Tell = lambda _: None,
) -> Answer:
    """Answer a question with up to two quoted sentences, or refuse with the reasons.

    Parameters
    ----------
    question : str
        At most 4,000 characters with at least one letter or digit.
    index : OpenIndex
        The version to ask.
    k : int
        Hits whose score parts are returned, at least 1.
    filters : mapping, optional
        Metadata that a document must have.
    n_quotes : int
        At most so many sentences.
    tell : callable
        Called with what was found, before an answer is made of it.

    Raises
    ------
    DataError
        If the question is empty, huge or no text.
    """
    if has_instruction(question):
        return _refusal(question, index, (Refusal.UNSAFE_QUESTION,), {})
    found = search(index.engine, question, k=k, filters=filters)
    tell(found)
    scope = Scope(index.engine.parts.gazetteer.asked(question))
    strangers = _strangers(question, index, scope.asked)
    refusals = list(found.gate.refusals)
    if strangers:
        refusals.insert(0, Refusal.ENTITY_NOT_IN_DOCUMENTS)
    quotes: tuple[Quote, ...] = ()
    if not refusals:
        quotes, beside = _quotes(question, index, found, scope, n_quotes)
        if not quotes:
            refusals = list(beside) or [Refusal.UNSUPPORTED_ANSWER]
    if refusals:
        missing = {
            Refusal.ENTITY_NOT_IN_DOCUMENTS: strangers or tuple(scope.asked.companies),
            Refusal.PERIOD_NOT_IN_DOCUMENTS: scope.period,
        }
        return _refusal(question, index, tuple(refusals), missing, found)
    text = " ".join(
        f"\u201c{_in_one_line(quote.quotation.text)}\u201d [{number}]"
        for number, quote in enumerate(quotes, 1)
    )
    return _answer(question, index, text, found, quotes=quotes)


def _strangers(question: str, index: OpenIndex, asked: Asked) -> tuple[str, ...]:
    unknown = unknown_names(question, index.knows)
    # A name of two words may be known as a whole only: Adler Group, Hale & Moor.
    named = {word for company in asked.companies for word in words(company)}
    return tuple(name for name in unknown if not named & set(words(name)))


def _quotes(
    question: str, index: OpenIndex, found: Found, scope: Scope, n: int
) -> tuple[tuple[Quote, ...], tuple[Refusal, ...]]:
    passages = {hit.passage.passage_id: hit.passage for hit in found.hits}
    quotes: list[Quote] = []
    reasons: list[Refusal] = []
    bare = without_companies(question, scope.asked)
    for one in quotations(bare, found.hits, index.engine.parts, n=n + _SPARE):
        text = index.texts[one.document_id]
        tainted = any(
            one.start < end and start < one.end for start, end in ordered_spans(text)
        )
        if tainted or one.text.lstrip().startswith("#"):
            continue
        quote = located(one, passages[one.passage_id], text)
        reason = beside_the_question(quote, passages[one.passage_id], scope)
        if reason is not None:
            reasons.append(reason)
            continue
        quotes.append(quote)
        if len(quotes) == n:
            break
    return tuple(quotes), tuple(dict.fromkeys(reasons))


def located(one: Quotation, passage: Passage, text: str) -> Quote:
    """Return a quotation with what stands above it in its document's text."""
    return Quote(
        quotation=one,
        title=passage.title,
        heading=_heading_above(text, one.start),
        table_header=_table_header(text, one.start, one.text),
        metadata=passage.metadata,
    )


def beside_the_question(quote: Quote, passage: Passage, scope: Scope) -> Refusal | None:
    """Return why a quote is not about whom and when was asked; None where it is."""
    around = index_text(passage)
    if not scope.fits_company(quote.metadata, around):
        return Refusal.ENTITY_NOT_IN_DOCUMENTS
    said = f"{quote.quotation.text}\n{quote.table_header}\n{quote.heading}"
    if not scope.fits_period(quote.metadata, said, around):
        return Refusal.PERIOD_NOT_IN_DOCUMENTS
    return None


def _heading_above(text: str, start: int) -> str:
    lines = text[:start].split("\n")
    return next((x.lstrip("# ").strip() for x in reversed(lines) if x[:1] == "#"), "")


def _table_header(text: str, start: int, row: str) -> str:
    if "|" not in row:
        return ""
    header = ""
    for line in reversed(text[:start].rstrip("\n").split("\n")):
        if "|" not in line:
            break
        header = line.strip()
    return header


def _refusal(
    question: str,
    index: OpenIndex,
    refusals: tuple[Refusal, ...],
    missing: Mapping[Refusal, tuple[str, ...]],
    found: Found | None = None,
) -> Answer:
    named = {r: ", ".join(missing.get(r, ())) or "what it asks about" for r in refusals}
    reasons = "; ".join(_REASONS[refusal].format(named[refusal]) for refusal in refusals)
    text = f"No answer: {reasons}."
    lacking = tuple(name for refusal in refusals for name in missing.get(refusal, ()))
    return _answer(question, index, text, found, refusals=refusals, missing=lacking)


def _answer(
    question: str,
    index: OpenIndex,
    text: str,
    found: Found | None,
    *,
    quotes: tuple[Quote, ...] = (),
    refusals: tuple[Refusal, ...] = (),
    missing: tuple[str, ...] = (),
) -> Answer:
    hits = found.hits if found else ()
    return Answer(
        question=question,
        text=text,
        quotes=quotes,
        refusals=refusals,
        missing=missing,
        probability=found.gate.probability if found else 0.0,
        threshold=index.engine.gate.threshold,
        parts={hit.passage.passage_id: hit.parts for hit in hits},
        flagged=tuple(
            hit.passage.passage_id for hit in hits if has_instruction(hit.passage.text)
        ),
        index_version=index.version,
    )


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
