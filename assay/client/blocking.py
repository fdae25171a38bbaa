"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from assay.client import answers, calls
from assay.client.answers import Decision, ModelInfo, OutcomeReceipt
from assay.client.calls import Call, Outcome, Row
from assay.client.retries import Attempts
from assay.errors import ConfigError

_Headers = dict[str, str]


class Client:
    """A blocking client of one service.

    Use it as a context manager, or call `close`. Threads may share it.

    Parameters
    ----------
    url : str
        Where the service is.
    model : str
        Model of the calls that name none.
    api_key : str
        Key to send; empty where the service asks for none.
    timeout_seconds : float
        Longest wait for a connection or for one piece of an answer.
    retries : int
        Attempts after the first, where an answer or its absence says "later".

    Every method raises a `ScoringError` where the service gives no answer.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        api_key: str = "",
        timeout_seconds: float = 10.0,
        retries: int = 3,
    ) -> None:
        headers: _Headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._model, self._retries = model, retries
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_seconds)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def score(
        self,
        row: Row,
        *,
        model: str = "",
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Decision:
        """Return the decision on one row.

        Parameters
        ----------
        row : mapping
            The contract's fields by name.
        model : str
            Another model than the client's.
        request_id : str, optional
            Name for the request, 1 to 128 letters, digits and ``._:-``.
        idempotency_key : str, optional
            Two requests with one key are one; made up where none is given, which
            covers the attempts of this call.
        """
        named = self._named(model)
        call = calls.score_call(named, row, request_id, idempotency_key)
        return answers.read_decision(self._answer(call))

    def score_batch(
        self,
        rows: Sequence[Row],
        *,
        model: str = "",
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> list[Decision]:
        """Return the decisions on many rows, in their order; one wrong row refuses all.

        The contract's ``limits.batch_rows`` says how many may come at a time.
        """
        named = self._named(model)
        call = calls.batch_call(named, rows, request_id, idempotency_key)
        return answers.read_decisions(self._answer(call))

    def stream(
        self, rows: Iterable[Row], *, model: str = "", batch_rows: int = 100
    ) -> Iterator[Decision]:
        """Yield the decisions on any number of rows, in their order.

        Rows are read and sent `batch_rows` at a time, so memory stays that of one
        batch. A batch with a wrong row ends the stream; those before are decided.
        """
        for chunk in calls.chunks(rows, batch_rows):
            yield from self.score_batch(chunk, model=model)

    def decision(self, decision_id: str) -> dict[str, Any]:
        """Return a decision as the ledger holds it, with its reasons and its proof."""
        content = self._answer(calls.decision_call(decision_id))
        return answers.read_document(content)

    def outcomes(
        self, outcomes: Iterable[Outcome], *, model: str = ""
    ) -> list[OutcomeReceipt]:
        """Report what became of decisions and return what was taken of it."""
        call = calls.outcomes_call(self._named(model), outcomes)
        return answers.read_outcomes(self._answer(call))

    def model_info(self, model: str = "") -> ModelInfo:
        """Return what answers for a model, with its contract and metrics."""
        call = calls.model_call(self._named(model))
        return answers.read_model(self._answer(call))

    def is_ready(self) -> bool:
        """Say whether the service answers and a model of it does."""
        try:
            return (self._http.get("/ready")).status_code == 200
        except httpx.TransportError:
            return False

    def _answer(self, call: Call) -> bytes:
        attempts = Attempts(self._retries)
        while True:
            try:
                answer = self._http.request(
                    call.method, call.path, content=call.content, headers=call.headers
                )
            except httpx.TransportError as error:
                wait: float | None = attempts.after_loss(error)
            else:
                wait = attempts.after_answer(
                    answer.status_code, answer.headers, answer.content
                )
            if wait is None:
                return answer.content
            time.sleep(wait)

    def _named(self, model: str) -> str:
        if not (model or self._model):
            raise ConfigError("name a model, in the call or when making the client")
        return model or self._model
