"""What an alert is: the alarm to be told, its row, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

Severity: TypeAlias = Literal["info", "warning", "critical"]
State: TypeAlias = Literal["open", "acknowledged", "resolved"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""Rising."""


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alarm to be told.

    Attributes
    ----------
    model_name : str
        The model.
    measure : str
        What moved, such as ``data_drift``.
    subject : str
        Where, such as a feature's name; with model and measure it names the alert.
    severity : {"info", "warning", "critical"}
        How urgent it is.
    owner : str
        Who has to look.
    summary : str
        One sentence.
    evidence : mapping
        Figures that show it; plain values.
    """

    model_name: str
    measure: str
    subject: str
    severity: Severity
    owner: str
    summary: str
    evidence: Mapping[str, Any]

    @property
    def key(self) -> str:
        """What an open alert is told apart by."""
        return f"{self.model_name}/{self.measure}/{self.subject}"


@dataclass(frozen=True, slots=True)
class Alert:
    """A row of the store; times are UTC."""

    alert_id: int
    model_name: str
    measure: str
    subject: str
    severity: Severity
    state: State
    owner: str
    summary: str
    evidence: Mapping[str, Any]
    opened_at: datetime
    seen_at: datetime
    n_seen: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to an alert."""

    at: datetime
    actor: str
    change: str
    note: str
