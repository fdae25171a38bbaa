"""What one decision leaves behind, and its bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from assay.errors import LedgerError

OWN_KINDS = ("opened", "recovered", "sealed")
"""Kinds of the records that a stream writes about itself."""

Scalar = float | int | str | bool | None


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision as it was answered.

    Attributes
    ----------
    request_id : str
        Identifier that the caller got with the answer.
    model, version, bundle_digest : str
        What decided; the digest is of the bundle's manifest, 64 hexadecimal digits.
    inputs, features : mapping of str to scalar
        What was received, and what the graph was fed; None is missing.
    probability, threshold : float
        Calibrated probability of label 1 and where the decision flips, both in [0, 1].
    decision : str
        What was answered.
    reasons : tuple of str
        Ranked reason codes of an adverse decision.
    latency_us : int
        From the last byte of the request to this record, microseconds.
    policy : str
        Policy profile in force.
    shadow : mapping of str to float
        Probability by version that scored without answering. Empty: a shadow writes
        records of its own, of kind ``shadow``, so that no answer waits for it.
    role : str
        As what the version decided: ``champion``, ``canary``, or ``substitute`` for a
        champion that answered because the canary failed. Records of before have none.
    """

    request_id: str
    model: str
    version: str
    bundle_digest: str
    inputs: Mapping[str, Scalar]
    features: Mapping[str, Scalar]
    probability: float
    threshold: float
    decision: str
    reasons: tuple[str, ...] = ()
    latency_us: int = 0
    policy: str = ""
    shadow: Mapping[str, float] = field(default_factory=dict)
    role: str = "champion"
    kind: str = "decision"

    def __post_init__(self) -> None:
        if not math.isfinite(self.probability):
            raise LedgerError(
                f"probability of request {self.request_id!r} is {self.probability}; "
                "only a finite one is a decision"
            )


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a record stands; `is_durable` is false in relaxed mode."""

    stream: str
    sequence: int
    is_durable: bool

    @property
    def address(self) -> str:
        """``stream:sequence``, which names the record for good."""
        return f"{self.stream}:{self.sequence}"


def entry_bytes(entry: DecisionRecord | Mapping[str, Any]) -> bytes:
    """Return canonical JSON: sorted keys, shortest floats, no spaces.

    Raises
    ------
    LedgerError
        If the entry holds what JSON cannot, or has under ``kind`` no text of its own.
    """
    kind = entry.get("kind") if isinstance(entry, Mapping) else entry.kind
    if not isinstance(kind, str) or kind in OWN_KINDS:
        raise LedgerError(
            f"an entry needs a text under 'kind' other than {', '.join(OWN_KINDS)}; "
            f"got {kind!r}"
        )
    if isinstance(entry, DecisionRecord):  # whose own keys orjson would leave in order
        entry = {name: getattr(entry, name) for name in DecisionRecord.__slots__}
    try:
        return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise LedgerError(f"an entry does not go into JSON: {error}") from error
