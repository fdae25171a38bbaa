"""The one front door: parts in memory, a question in, hits with score parts out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import BundleError, DataError
from assay.retrieval.parts import Encode, SearchParts, index_text
from assay.retrieval.parts.routing import matches
from assay.retrieval.search.features import FEATURES, Candidates, candidates
from assay.retrieval.search.fusion import scaled
from assay.retrieval.search.gate import Gate, GateDecision, Refusal
from assay.retrieval.search.reranker import CrossEncode, Reranker
from assay.retrieval.types import Hit

Floats = NDArray[np.float32]
Filters = Mapping[str, Sequence[str | int] | str | int]

LONGEST_QUESTION = 4000
_GATE = (
    "centre",
    "spread",
    "weights",
    "general",
    "style_centres",
    "style_precisions",
)
_CROSS_ENCODED = 20


@dataclass(frozen=True, slots=True)
class Defaults:
    """What was learned on the reference sets and ships with the library.

    Attributes
    ----------
    reranker : Reranker
        Weights of the candidates' features.
    gate : Gate
        To be calibrated again for an index version where judged questions exist.
    """

    reranker: Reranker
    gate: Gate


@dataclass(frozen=True, slots=True)
class Engine:
    """All that a search needs; safe to share between threads.

    Attributes
    ----------
    parts : SearchParts
        The index.
    encode : callable
        Texts to unit vectors.
    reranker : Reranker
        Ranks the candidates.
    gate : Gate
        Judges the evidence.
    cross_encode : callable, optional
        ``(question, texts) -> scores``; reorders the first 20 where given.
    """

    parts: SearchParts
    encode: Encode
    reranker: Reranker
    gate: Gate
    cross_encode: CrossEncode | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Ranked hits and what the gate says of them.

    Attributes
    ----------
    hits : tuple of Hit
        Best first; `parts` of each names the reranker's features.
    gate : GateDecision
        Whether they answer the question.
    """

    hits: tuple[Hit, ...]
    gate: GateDecision


def open_engine(
    parts: SearchParts,
    encode: Encode,
    *,
    defaults: Defaults | None = None,
    cross_encode: CrossEncode | None = None,
) -> Engine:
    """Return an engine over an index with the shipped weights, or with others."""
    learned = defaults or shipped_defaults()
    return Engine(parts, encode, learned.reranker, learned.gate, cross_encode)


def search(
    engine: Engine, question: str, *, k: int = 10, filters: Filters | None = None
) -> Found:
    """Find the passages that answer a question and judge whether they do.

    Parameters
    ----------
    engine : Engine
        Index and weights.
    question : str
        At most 4,000 characters with at least one letter or digit.
    k : int
        Hits wanted, at least 1.
    filters : mapping, optional
        Metadata that a document must have, see `assay.retrieval.parts.routing.matches`.

    Raises
    ------
    DataError
        If the question is empty, huge or no text.
    """
    vector = engine.encode([_checked(question)])[0]
    return search_vector(engine, question, vector, k=k, filters=filters)


def search_vector(
    engine: Engine,
    question: str,
    vector: Floats,
    *,
    k: int = 10,
    filters: Filters | None = None,
) -> Found:
    """Search as `search` does, with the question's vector already at hand."""
    if k < 1:
        raise DataError(f"k is {k}; ask for at least one hit")
    parts = engine.parts
    allowed = _allowed(parts, filters) if filters else None
    if allowed is not None and not allowed.any():
        none = GateDecision(0.0, engine.gate.threshold, (Refusal.WEAK_EVIDENCE,))
        return Found((), none)
    found = candidates(parts, question, vector, allowed=allowed)
    scores = engine.reranker.scores(found.features)
    order = np.argsort(-scores, kind="stable")
    if engine.cross_encode is not None:
        order = _cross_encoded(engine.cross_encode, parts, question, found, scores)
    evidence = _evidence(parts, found, order[:5])
    decision = engine.gate.decide(found, list(order), scores, evidence)
    return Found(_hits(parts, found, scores, order[:k]), decision)


def ranked_documents(hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the documents of hits, each once, in the order of its best hit."""
    return tuple(dict.fromkeys(hit.passage.document_id for hit in hits))


def shipped_defaults() -> Defaults:
    """Return the weights that ship with the library."""
    text = files("assay.retrieval").joinpath("defaults.json").read_text("utf-8")
    return defaults_from(json.loads(text))


def defaults_from(stored: Mapping[str, Any]) -> Defaults:
    """Return weights from their JSON form.

    Raises
    ------
    BundleError
        If a part is missing.
    """
    try:
        weights = stored["reranker"]
        gate = stored["gate"]
        return Defaults(
            Reranker(np.array([weights[name] for name in FEATURES], dtype=np.float64)),
            Gate(
                threshold=float(gate["threshold"]),
                **{name: np.array(gate[name], dtype=np.float64) for name in _GATE},
            ),
        )
    except (KeyError, TypeError) as error:
        raise BundleError(f"stored search weights lack {error}; train again") from error


def stored_form(defaults: Defaults) -> dict[str, Any]:
    """Return weights in their JSON form."""
    gate = defaults.gate
    return {
        "reranker": dict(
            zip(FEATURES, map(float, defaults.reranker.weights), strict=True)
        ),
        "gate": {name: getattr(gate, name).tolist() for name in _GATE}
        | {"threshold": gate.threshold},
    }


def _checked(question: str) -> str:
    if len(question) > LONGEST_QUESTION:
        raise DataError(
            f"the question has {len(question)} characters; at most {LONGEST_QUESTION}"
        )
    if not any(letter.isalnum() for letter in question):
        raise DataError("the question has no letter or digit; write it as text")
    return question


def _allowed(parts: SearchParts, filters: Filters) -> NDArray[np.bool_]:
    passing = np.array([matches(m, filters) for m in parts.document_metadata], dtype=bool)
    return np.asarray(passing[parts.document_of])


def _cross_encoded(
    cross_encode: CrossEncode,
    parts: SearchParts,
    question: str,
    found: Candidates,
    scores: Floats,
) -> NDArray[np.int64]:
    order = np.argsort(-scores, kind="stable")
    first, rest = order[:_CROSS_ENCODED], order[_CROSS_ENCODED:]
    texts = [index_text(parts.passages[row]) for row in found.rows[first]]
    mixed = scaled(cross_encode(question, texts)) + scaled(scores[first])
    return np.concatenate([first[np.argsort(-mixed, kind="stable")], rest])


def _hits(
    parts: SearchParts, found: Candidates, scores: Floats, order: NDArray[np.int64]
) -> tuple[Hit, ...]:
    listed = zip(
        found.rows[order].tolist(),
        scores[order].tolist(),
        found.features[order].tolist(),
        strict=True,
    )
    return tuple(
        Hit(parts.passages[row], score, dict(zip(FEATURES, values, strict=True)), row)
        for row, score, values in listed
    )


def _evidence(
    parts: SearchParts, found: Candidates, order: NDArray[np.int64]
) -> Iterator[str]:
    leading = [parts.passages[row] for row in found.rows[order]]
    # Years first: mostly they tell, and the texts need not be read.
    yield from sorted({str(passage.metadata.fiscal_year) for passage in leading})
    yield from map(index_text, leading)
