"""A language model behind an OpenAI-compatible endpoint: bounded in time and in trust."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from assay.adapters.language.local import LocalWriter
from assay.errors import SourceError
from assay.retrieval.answers.prompt import Prompt
from assay.retrieval.answers.written import Writer
from assay.settings import Settings

MOST_TRIES = 3
FAILURES_TO_OPEN = 3
OPEN_SECONDS = 30.0
LARGEST_ANSWER_BYTES = 2**20
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class CircuitBreaker:
    """Stops asking a service that failed several times in a row, for a while.

    Attributes
    ----------
    clock : callable
        Seconds that only grow.
    """

    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Return if the service may be asked; of those that wait only one tries it.

        Raises
        ------
        SourceError
            While the circuit is open.
        """
        with self._lock:
            if self._failures < FAILURES_TO_OPEN:
                return
            rest = self._until - self.clock()
            if rest > 0:
                raise SourceError(
                    f"the language model failed {self._failures} times in a row and is "
                    f"not asked for another {rest:.0f} s"
                )
            self._until = self.clock() + OPEN_SECONDS

    def note(self, *, is_success: bool) -> None:
        """Take down how a call ended."""
        with self._lock:
            self._failures = 0 if is_success else self._failures + 1
            if self._failures >= FAILURES_TO_OPEN:
                self._until = self.clock() + OPEN_SECONDS


def configured_writer(settings: Settings) -> Writer | None:
    """Return the language model that the settings name, None where they name none."""
    if not settings.language_model:
        return None
    window = settings.language_model_window
    seconds = settings.language_model_timeout_seconds
    if settings.language_model_url:
        return EndpointWriter(
            settings.language_model_url,
            settings.language_model,
            key=settings.language_model_key,
            window=window,
            timeout_seconds=seconds,
        )
    return LocalWriter(settings.language_model, window=window, timeout_seconds=seconds)


class EndpointWriter:
    """A `assay.retrieval.answers.written.Writer` over ``POST /chat/completions``.

    Parameters
    ----------
    url : str
        Base address, such as ``http://127.0.0.1:8080/v1``.
    name : str
        Name of the model.
    key : SecretStr
        Sent as a bearer token; empty means none.
    window : int
        Tokens that the model takes, answer included.
    timeout_seconds : float
        Budget of an answer, all tries and waits together.
    breaker : CircuitBreaker, optional
        One of its own where not given.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        key: SecretStr | None = None,
        window: int = 8192,
        timeout_seconds: float = 20.0,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.name, self.window = name, window
        self._url = url.rstrip("/") + "/chat/completions"
        secret = key.get_secret_value() if key is not None else ""
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._budget = timeout_seconds
        self._breaker = breaker or CircuitBreaker()

    def write(self, prompt: Prompt) -> str:
        """Return what the model says.

        Raises
        ------
        SourceError
            If it does not deliver within the budget, or the circuit is open.
        """
        self._breaker.check()
        try:
            said = self._asked(prompt)
        except SourceError:
            self._breaker.note(is_success=False)
            raise
        self._breaker.note(is_success=True)
        return said

    def _asked(self, prompt: Prompt) -> str:
        end = time.monotonic() + self._budget
        problem = "it was not asked"
        with httpx.Client(headers=self._headers, trust_env=False) as client:
            for attempt in range(MOST_TRIES):
                rest = end - time.monotonic()
                if rest <= 0:
                    break
                wait = 0.2 * 2**attempt
                try:
                    answer = self._sent(client, prompt, end)
                except httpx.TransportError as error:
                    problem = f"{type(error).__name__}"
                else:
                    if answer.is_success:
                        return _content(answer)
                    problem = f"status {answer.status_code}"
                    if answer.status_code not in _PASSING:
                        break
                    wait = _retry_after(answer, wait)
                if attempt + 1 == MOST_TRIES or wait >= end - time.monotonic():
                    break
                time.sleep(wait)
        raise SourceError(
            f"the language model did not answer within {self._budget:g} s: {problem}"
        )

    def _sent(self, client: httpx.Client, prompt: Prompt, end: float) -> httpx.Response:
        body = {
            "model": self.name,
            "messages": [
                {"role": "system", "content": prompt.rules},
                {"role": "user", "content": prompt.request},
            ],
            "temperature": 0,
            "max_tokens": 400,
            "response_format": {"type": "json_object"},
        }
        rest = max(end - time.monotonic(), 0.001)
        request = client.build_request("POST", self._url, json=body, timeout=rest)
        answer = client.send(request, stream=True)
        try:
            pieces: list[bytes] = []
            n_bytes = 0
            for piece in answer.iter_bytes():
                n_bytes += len(piece)
                # A server that dribbles restarts the client's own clock at every byte.
                if time.monotonic() > end:
                    raise httpx.ReadTimeout("the budget is spent")
                if n_bytes > LARGEST_ANSWER_BYTES:
                    raise SourceError(
                        f"the language model sent more than {LARGEST_ANSWER_BYTES} bytes"
                    )
                pieces.append(piece)
        finally:
            answer.close()
        return httpx.Response(
            answer.status_code, headers=_plain(answer), content=b"".join(pieces)
        )


def _plain(answer: httpx.Response) -> dict[str, str]:
    # The bytes are decoded already; a header of an encoding would have it done again.
    kept = {"retry-after"}
    return {name: value for name, value in answer.headers.items() if name in kept}


def _retry_after(answer: httpx.Response, otherwise: float) -> float:
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdigit() else otherwise


def _content(answer: httpx.Response) -> str:
    try:
        said = answer.json()["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise SourceError("the language model's answer is no chat completion") from error
    if not isinstance(said, str):
        raise SourceError("the language model's answer holds no text")
    return said
