"""Which faults are worth a second try."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from assay.errors import SourceError

RETRIES: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [2, 10, 30],
    "retry_jitter_factor": 0.2,
}
"""For tasks that talk to the outside; `retry_condition_fn=may_pass` goes with it."""


def may_pass(
    task: Task[Any, Any],  # noqa: ARG001 # Prefect hands it over
    task_run: TaskRun,  # noqa: ARG001 # likewise
    state: State[Any],
) -> bool:
    """Return True if the fault is the outside's and may be gone the next time.

    Wrong data, contracts and parameters fail at once: trying again changes nothing.
    """
    fault = state.result(raise_on_failure=False)
    lasting = (FileNotFoundError, IsADirectoryError, PermissionError)
    return isinstance(fault, (SourceError, OSError)) and not isinstance(fault, lasting)
