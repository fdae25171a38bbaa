"""An answer in plain JSON values: one form for the API, the command and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.retrieval.answers.answer import Answer, Quote
from assay.retrieval.documents.privacy import PrivacyPolicy, masked
from assay.retrieval.types import Metadata, Passage


def answer_as_json(found: Answer) -> dict[str, Any]:
    """Return all of an answer that a reader may see.

    The index version and the same inputs give the same form, whoever asks.
    """
    return {
        "question": found.question,
        "answered": not found.refusals,
        "text": found.text,
        "quotes": [quote_as_json(n, quote) for n, quote in enumerate(found.quotes, 1)],
        "refusals": [str(refusal) for refusal in found.refusals],
        "missing": list(found.missing),
        "probability": found.probability,
        "threshold": found.threshold,
        "passages": {name: dict(parts) for name, parts in found.parts.items()},
        "flagged": list(found.flagged),
        "index_version": found.index_version,
        "writer": found.writer,
        "note": found.note,
    }


def quote_as_json(number: int, quote: Quote) -> dict[str, Any]:
    """Return one quote with its number in the answer's text."""
    one = quote.quotation
    return {
        "number": number,
        "text": one.text,
        "document_id": one.document_id,
        "passage_id": one.passage_id,
        "start": one.start,
        "end": one.end,
        "page": one.page,
        "score": one.score,
        "title": quote.title,
        "heading": quote.heading,
        "table_header": quote.table_header,
        "metadata": metadata_as_json(quote.metadata),
    }


def metadata_as_json(metadata: Metadata) -> dict[str, Any]:
    """Return a document's metadata."""
    stated = {n: getattr(metadata, n) for n in Metadata.__slots__ if n != "extra"}
    return {**stated, "extra": dict(metadata.extra)}


def passage_in_context(passage: Passage, text: str, around: int) -> dict[str, Any]:
    """Return a passage with up to `around` characters of its document on either side.

    Parameters
    ----------
    passage : Passage
        Any of the document's.
    text : str
        The document's text.
    around : int
        At least 0.
    """
    return {
        "passage_id": passage.passage_id,
        "document_id": passage.document_id,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
        "title": passage.title,
        "heading": passage.heading,
        "before": text[max(0, passage.start - around) : passage.start],
        "after": text[passage.end : passage.end + around],
        "metadata": metadata_as_json(passage.metadata),
    }


def answer_record(
    found: Answer,
    *,
    filters: Mapping[str, Any] | None,
    k: int,
    encoder: str,
    latency_us: int,
    request_id: str,
) -> dict[str, Any]:
    """Return what the ledger keeps of an answer; personal data of the question masked."""
    policy = PrivacyPolicy()
    return {
        "kind": "answer",
        "request_id": request_id,
        "question": masked(found.question, policy)[0],
        "filters": dict(filters or {}),
        "k": k,
        "text": masked(found.text, policy)[0],
        "quotes": [
            {
                "document_id": quote.quotation.document_id,
                "start": quote.quotation.start,
                "end": quote.quotation.end,
            }
            for quote in found.quotes
        ],
        "passages": list(found.parts),
        "index_version": found.index_version,
        "encoder": encoder,
        "gate": {
            "probability": found.probability,
            "threshold": found.threshold,
            "refusals": [str(refusal) for refusal in found.refusals],
            "missing": list(found.missing),
        },
        "writer": found.writer,
        "note": found.note,
        "latency_us": latency_us,
    }
