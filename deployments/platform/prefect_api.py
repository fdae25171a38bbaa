"""The few calls of Prefect's REST API that the platform and the command need.

Plain HTTP: importing Prefect costs two seconds, which `make status` or a second
`make run` should not pay.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from assay.errors import ConfigError, PlatformError

UNFINISHED = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
ALIVE = ("PENDING", "RUNNING", "CANCELLING")
FINISHED = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
PAGE = 200

Json = dict[str, Any]

ATTEMPTS = 4


class PrefectApi:
    """Prefect's API at one address.

    Parameters
    ----------
    url : str
        Address that ends in ``/api``.
    timeout_seconds : float
        Longest wait for one answer.
    """

    def __init__(self, url: str, timeout_seconds: float = 15.0) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=timeout_seconds)

    def __enter__(self) -> PrefectApi:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._client.close()

    @property
    def page(self) -> str:
        """Address of the user interface."""
        return self.url.removesuffix("/api")

    def run_page(self, flow_run_id: str) -> str:
        """Return the address of a run's page."""
        return f"{self.page}/runs/flow-run/{flow_run_id}"

    def deployments(self) -> list[Json]:
        """Return all deployments, each with ``flow_name``."""
        found = self._post("/deployments/filter", {"limit": PAGE})
        flows = {
            flow["id"]: flow["name"]
            for flow in self._post("/flows/filter", {"limit": PAGE})
        }
        return [each | {"flow_name": flows.get(each["flow_id"], "")} for each in found]

    def start_run(self, deployment_id: str, parameters: Mapping[str, object]) -> Json:
        """Start a deployment now and return the new flow run.

        Raises
        ------
        ConfigError
            If the server's schema refuses a parameter.
        """
        path = f"/deployments/{deployment_id}/create_flow_run"
        # The key makes a second attempt find the run that the first one started.
        body = {"parameters": dict(parameters), "idempotency_key": uuid.uuid4().hex}
        answer = self._patiently("POST", path, body)
        if answer.status_code in {400, 409, 422}:
            raise ConfigError(f"parameters refused: {_detail(answer)}")
        started: Json = self._content(answer)
        return started

    def run(self, flow_run_id: str) -> Json:
        """Return one flow run."""
        found: Json = self._content(self._patiently("GET", f"/flow_runs/{flow_run_id}"))
        return found

    def runs(self, **conditions: object) -> list[Json]:
        """Return flow runs, newest first.

        Parameters
        ----------
        conditions
            Parts of Prefect's flow run filter, e.g. ``state={"type": {"any_": [...]}}``.
        """
        wanted = {
            "flow_runs": conditions,
            "limit": PAGE,
            "sort": "EXPECTED_START_TIME_DESC",
        }
        return self._post("/flow_runs/filter", wanted)

    def logs(self, flow_run_ids: Iterable[str], offset: int) -> list[Json]:
        """Return log lines of runs in the order of time, from position `offset`."""
        wanted = {
            "logs": {"flow_run_id": {"any_": list(flow_run_ids)}},
            "sort": "TIMESTAMP_ASC",
            "offset": offset,
            "limit": PAGE,
        }
        return self._post("/logs/filter", wanted)

    def artifacts(self, flow_run_ids: Iterable[str]) -> list[Json]:
        """Return the newest artifacts of runs."""
        wanted = {"artifacts": {"flow_run_id": {"any_": list(flow_run_ids)}}}
        return self._post(
            "/artifacts/filter", wanted | {"sort": "UPDATED_DESC", "limit": PAGE}
        )

    def crash_living_runs(self, reason: str) -> int:
        """Mark runs that have lost their process as crashed; return how many.

        A dead run that is called running holds its deployment's concurrency slot, and
        every later run would wait for it.
        """
        living = self.runs(state={"type": {"any_": list(ALIVE)}})
        state = {"type": "CRASHED", "name": "Crashed", "message": reason}
        for each in living:
            path = f"/flow_runs/{each['id']}/set_state"
            self._content(self._patiently("POST", path, {"state": state, "force": True}))
        return len(living)

    def switch_automation(self, name: str, *, is_on: bool) -> int:
        """Let the automations of this name act, or not; return how many there are."""
        body = {"limit": PAGE}
        named = [
            one for one in self._post("/automations/filter", body) if one["name"] == name
        ]
        for each in named:
            answer = self._patiently(
                "PATCH", f"/automations/{each['id']}", {"enabled": is_on}
            )
            if answer.is_error:
                self._content(answer)
        return len(named)

    def _post(self, path: str, body: Json) -> list[Json]:
        found: list[Json] = self._content(self._patiently("POST", path, body))
        return found

    def _patiently(
        self, method: str, path: str, body: Json | None = None
    ) -> httpx.Response:
        """Send what may be sent twice, again while the server is too busy to answer.

        Prefect says 503 while its SQLite database is locked by another writer.
        """
        for attempt in range(ATTEMPTS - 1):
            try:
                answer = self._send(method, path, body)
            except PlatformError as error:
                if not isinstance(error.__cause__, httpx.TimeoutException):
                    raise
            else:
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
                time.sleep(2.0**attempt)
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise PlatformError(
                f"no Prefect server answers at {self.url} ({type(error).__name__}); "
                "start the platform with 'make run' or set ASSAY_PREFECT_API_URL"
            ) from error

    def _content(self, answer: httpx.Response) -> Any:  # noqa: ANN401 # any JSON
        if answer.is_error:
            raise PlatformError(
                f"the Prefect server refused {answer.request.url.path} with status "
                f"{answer.status_code}: {_detail(answer)}"
            )
        return answer.json()


def _detail(answer: httpx.Response) -> str:
    try:
        content = answer.json()
    except ValueError:
        return answer.text[:300]
    if isinstance(content, dict):
        content = content.get("detail") or content.get("exception_detail") or content
    return str(content)[:600]
