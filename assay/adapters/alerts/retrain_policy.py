"""Which alerts start a retraining, and how long one waits, as the policy file has it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from assay.adapters.alerts.alert import SEVERITIES, Severity

Days = Annotated[float, Field(ge=0, le=3_660)]


class RetrainPolicy(BaseModel):
    """When drift starts a retraining.

    Attributes
    ----------
    measures : tuple of str
        Measures of alerts that ask for one. A feed that breaks the contract is none of
        them: it is to be repaired, not learned.
    severity : {"info", "warning", "critical"}
        Least severity.
    min_matured : int
        Fewest matured labels from after the change. Half of them judge: with hundreds
        the gate's intervals are so wide that it refuses.
    again_days : float
        After a refused or failed retraining the same model is not retrained for so long.
    escalate_days : float
        A request that waits longer than this for labels becomes an alert of its own.
    most_failures : int
        Runs that may die in a row before the request is given up and told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...] = (
        *("concept_drift", "data_drift", "prediction_drift"),
        "revalidation",
    )
    severity: Severity = "critical"
    min_matured: int = Field(default=3_000, ge=1)
    again_days: Days = 14.0
    escalate_days: Days = 45.0
    most_failures: int = Field(default=3, ge=1)

    def asks(self, measure: str, severity: Severity) -> bool:
        """Say whether an alert of this measure and severity starts a retraining."""
        is_grave = SEVERITIES.index(severity) >= SEVERITIES.index(self.severity)
        return is_grave and measure in self.measures
