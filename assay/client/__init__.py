"""A typed client of the scoring service, blocking and asynchronous.

::

    with Client("http://127.0.0.1:8000", model="credit_default", api_key=key) as client:
        decision = client.score(row)
        print(decision.outcome, decision.probability, decision.reasons)

Both clients send the same requests and read the same answers: `calls` and `answers` hold
what is said, `retries` when it is said again, and the two classes only carry it.
"""

from assay.client.answers import Decision, ModelInfo, OutcomeReceipt, Reason
from assay.client.asynchronous import AsyncClient
from assay.client.blocking import Client
from assay.client.calls import Outcome
from assay.client.errors import (
    ConnectionLostError,
    KeyRefusedError,
    NotServedError,
    RefusedRequestError,
    ScoringError,
    ServiceFailedError,
    TooManyRequestsError,
    UnavailableError,
)

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectionLostError",
    "Decision",
    "KeyRefusedError",
    "ModelInfo",
    "NotServedError",
    "Outcome",
    "OutcomeReceipt",
    "Reason",
    "RefusedRequestError",
    "ScoringError",
    "ServiceFailedError",
    "TooManyRequestsError",
    "UnavailableError",
]
