"""The reference sets as indexes, with the candidates of all their questions."""

from __future__ import annotations

from dataclasses import dataclass

from assay.retrieval.learning.reranker import Judged
from assay.retrieval.parts import SearchParts, build_parts
from assay.retrieval.search.features import Candidates, candidates
from benchmarks.retrieval.reference_sets import CachedEncoder, ReferenceSet, read_set


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reference set, its index, and the candidates of its queries."""

    reference: ReferenceSet
    parts: SearchParts
    found: dict[str, Candidates]
    judged: list[Judged]
    gate: list[tuple[Candidates, str, bool]]


def prepared(name: str, encode: CachedEncoder) -> Prepared:
    """Index one set and collect the candidates of all its questions."""
    reference = read_set(name)
    parts = build_parts(reference.documents, encode)
    vectors = dict(
        zip(reference.queries, encode(list(reference.queries.values())), strict=True)
    )
    found = {
        query: candidates(parts, text, vectors[query])
        for query, text in reference.queries.items()
    }
    row = {document: at for at, document in enumerate(parts.document_ids)}
    judged = [
        Judged(
            one.features,
            parts.document_of[one.rows],
            frozenset(row[document] for document in reference.gold[query]),
            len(found) ** -0.5,
        )
        for query, one in found.items()
    ]
    asked = encode([text for text, _, _ in reference.gate]) if reference.gate else ()
    gate = [
        (candidates(parts, text, vector), kind, answerable)
        for (text, kind, answerable), vector in zip(reference.gate, asked, strict=True)
    ]
    return Prepared(reference, parts, found, judged, gate)
