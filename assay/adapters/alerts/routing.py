"""Who hears of an alert, and when: quiet hours and routes, as a policy file has them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assay.adapters.alerts.alert import SEVERITIES, Alert, Severity
from assay.adapters.alerts.retrain_policy import RetrainPolicy
from assay.errors import ConfigError


class QuietHours(BaseModel):
    """Hours in which only alerts of some severity are sent; the others wait.

    Attributes
    ----------
    start, end : time
        Local times; an end before the start is on the next day.
    timezone : str
        Of the local times, such as ``Europe/London``.
    let_through : {"info", "warning", "critical"}
        Least severity that is sent at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: time
    end: time
    timezone: str = "UTC"
    let_through: Severity = "critical"

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"unknown timezone {value!r}") from error
        return value

    def until(self, now: datetime) -> datetime:
        """Return when it is loud again: `now` itself outside the quiet hours."""
        local = now.astimezone(ZoneInfo(self.timezone))
        clock = local.time().replace(tzinfo=None)
        over_night = self.end <= self.start
        is_quiet = (
            clock >= self.start or clock < self.end
            if over_night
            else self.start <= clock < self.end
        )
        if not is_quiet:
            return now
        day = local.date() + timedelta(days=int(over_night and clock >= self.start))
        loud = datetime.combine(day, self.end, tzinfo=ZoneInfo(self.timezone))
        return loud.astimezone(UTC)


class Route(BaseModel):
    """Which alerts go to which channels.

    Attributes
    ----------
    channels : tuple of str
        Names of channels; the settings hold their addresses.
    severity : {"info", "warning", "critical"}
        Least severity.
    models : tuple of str
        Models; empty is every model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: tuple[str, ...] = Field(min_length=1)
    severity: Severity = "warning"
    models: tuple[str, ...] = ()


class AlertPolicy(BaseModel):
    """Routes, quiet hours, how often a delivery is tried, and what starts a retraining.

    Attributes
    ----------
    route : tuple of Route
        All that fit apply.
    quiet : QuietHours or None
        None is never quiet.
    wait_minutes : tuple of float
        Waits between tries; after the last one a delivery is dead.
    retrain : RetrainPolicy
        Which alerts start a retraining.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    route: tuple[Route, ...] = ()
    quiet: QuietHours | None = None
    wait_minutes: tuple[float, ...] = (1, 5, 30, 120, 720)
    retrain: RetrainPolicy = RetrainPolicy()

    def channels_of(self, alert: Alert) -> tuple[str, ...]:
        """Return the channels that an alert goes to, each once, in the file's order."""
        rank = SEVERITIES.index(alert.severity)
        found = [
            channel
            for route in self.route
            if rank >= SEVERITIES.index(route.severity)
            and (not route.models or alert.model_name in route.models)
            for channel in route.channels
        ]
        return tuple(dict.fromkeys(found))

    def earliest(self, alert: Alert, now: datetime) -> datetime:
        """Return when an alert may be sent."""
        if self.quiet is None:
            return now
        rank = SEVERITIES.index(alert.severity)
        if rank >= SEVERITIES.index(self.quiet.let_through):
            return now
        return self.quiet.until(now)


def read_policy(path: Path) -> AlertPolicy:
    """Return the policy of a TOML file; an absent file routes nothing.

    Raises
    ------
    ConfigError
        If the file does not read or does not validate.
    """
    if not path.exists():
        return AlertPolicy()
    try:
        return AlertPolicy.model_validate(tomllib.loads(path.read_text()))
    except (OSError, ValueError, ValidationError) as error:
        raise ConfigError(f"alert policy {path} is not valid: {error}") from error
