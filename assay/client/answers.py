"""Answers of the service as frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from assay.client.errors import ServiceFailedError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision is adverse: the field and its text for the applicant.

    Of a version that reads a text, `quote` is what of the text is meant.
    """

    field: str
    text: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the service decided on one row.

    Attributes
    ----------
    outcome : str
        One of the contract's two actions.
    probability : float in [0, 1]
        Calibrated probability of label 1.
    threshold : float in (0, 1)
        Probability at or above which the adverse action is taken.
    reasons : tuple of Reason
        At most four, the weightiest first; empty unless adverse.
    model, version, bundle_digest : str
        Who decided.
    role : {"champion", "canary"}
        As what that version decided.
    request_id : str
        Name of the request; with it a decision is found again. In a batch, the
        batch's, and `position` is the row's.
    position : int or None
        Position of the row in its batch, from 0.
    identifier, event_time
        As they were sent.
    """

    outcome: str
    probability: float
    threshold: float
    reasons: tuple[Reason, ...]
    model: str
    version: str
    bundle_digest: str
    role: str
    request_id: str
    position: int | None = None
    identifier: str | float | bool | None = None
    event_time: str | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model that answers.

    Attributes
    ----------
    model, version, bundle_digest : str
        Who answers.
    threshold : float
        Where the decision flips.
    metrics : mapping of str to mapping
        ``value``, ``low`` and ``high`` by metric.
    contract, provenance : mapping
        As the service gives them.
    problem : str
        What keeps a newer version from answering; empty where all is well.
    """

    model: str
    version: str
    bundle_digest: str
    threshold: float
    metrics: Mapping[str, Mapping[str, float]]
    contract: Mapping[str, Any]
    provenance: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeReceipt:
    """What became of one reported outcome: ``accepted``, ``corrected``, ..."""

    request_id: str
    status: str


def read_decision(content: bytes) -> Decision:
    """Return the decision in an answer to one row.

    Raises
    ------
    ServiceFailedError
        If the answer is none.
    """
    return _read(content, lambda answer: _decision(answer, answer, None))


def read_decisions(content: bytes) -> list[Decision]:
    """Return the decisions in an answer to a batch, in the order of its rows."""
    return _read(
        content,
        lambda answer: [
            _decision(answer, score, position)
            for position, score in enumerate(answer["scores"])
        ],
    )


def read_model(content: bytes) -> ModelInfo:
    """Return the model that an answer describes."""
    names = ("model", "version", "bundle_digest", "threshold", "metrics", "contract")
    return _read(
        content,
        lambda answer: ModelInfo(
            **{name: answer[name] for name in names},
            provenance=answer["provenance"],
            problem=answer.get("problem", ""),
        ),
    )


def read_outcomes(content: bytes) -> list[OutcomeReceipt]:
    """Return the receipts in an answer to reported outcomes."""
    return _read(
        content,
        lambda answer: [
            OutcomeReceipt(each["request_id"], each["status"])
            for each in answer["outcomes"]
        ],
    )


def read_document(content: bytes) -> dict[str, Any]:
    """Return the JSON object in an answer."""
    return _read(content, dict)


def _decision(
    head: Mapping[str, Any], score: Mapping[str, Any], position: int | None
) -> Decision:
    # A canary's row in a batch says by itself who decided it.
    who = {**head, **score}
    return Decision(
        outcome=score["decision"],
        probability=score["probability"],
        threshold=who["threshold"],
        reasons=tuple(
            Reason(each["field"], each["text"], each.get("quote", ""))
            for each in score.get("reasons", ())
        ),
        model=head["model"],
        version=who["version"],
        bundle_digest=who["bundle_digest"],
        role=who["role"],
        request_id=head["request_id"],
        position=position,
        identifier=score.get("identifier"),
        event_time=score.get("event_time"),
    )


def _read(content: bytes, read: Callable[[dict[str, Any]], T]) -> T:
    try:
        return read(orjson.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceFailedError(
            f"the service answered with something else than was asked: {error!r}; check "
            "that the address is Assay's",
            200,
            {},
        ) from error
