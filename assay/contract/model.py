"""The contract of one model, frozen and validated."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field as Constrained
from pydantic import StringConstraints, model_validator

from assay.contract.field import ContractPart, Field, Role
from assay.contract.gates import (
    CalibrationGate,
    FairnessGate,
    LeakageGate,
    ServiceGate,
    SliceGate,
    StressGate,
)

Metric: TypeAlias = Literal[
    "auc", "average_precision", "ks", "brier", "log_loss", "ece", "cost"
]
"""Metrics that a gate may read."""

HIGHER_IS_BETTER: dict[Metric, bool] = {
    "auc": True,
    "average_precision": True,
    "ks": True,
    "brier": False,
    "log_loss": False,
    "ece": False,
    "cost": False,
}

ModelName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")
]
Share: TypeAlias = Annotated[float, Constrained(ge=0, le=1)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]


class Label(ContractPart):
    """The outcome that is learned: 1 is bad, 0 is good.

    Attributes
    ----------
    field : str
        Name of the label's field.
    maturity_days : float
        Days after the event time until the outcome is known. A younger row may lack
        its label; one that is older and lacks it breaks the contract.
    """

    field: Text
    maturity_days: Annotated[float, Constrained(ge=0)] = 0.0


class CostMatrix(ContractPart):
    """Cost of each pair of decision and outcome, per decision; negative is a gain.

    "Positive" is the adverse decision, so a false positive refuses a good applicant
    and a false negative accepts a bad one.
    """

    unit: Text
    true_positive: float = 0.0
    false_positive: float
    true_negative: float = 0.0
    false_negative: float

    @model_validator(mode="after")
    def _errors_cost_more(self) -> Self:
        if not self.false_positive > self.true_negative:
            raise ValueError(
                f"false_positive costs {self.false_positive:g} and true_negative "
                f"{self.true_negative:g}; refusing a good case must cost more than "
                "accepting it"
            )
        if not self.false_negative > self.true_positive:
            raise ValueError(
                f"false_negative costs {self.false_negative:g} and true_positive "
                f"{self.true_positive:g}; accepting a bad case must cost more than "
                "refusing it"
            )
        return self


class DecisionRule(ContractPart):
    """What is decided: the adverse action at or above the threshold, else the other."""

    name: Text
    positive_action: Text
    negative_action: Text
    costs: CostMatrix


class Gates(ContractPart):
    """What data and a version must reach to go on.

    Attributes
    ----------
    max_quarantined_share : float in [0, 1]
        Largest share of received rows that may break the contract.
    min_rows : int
        Fewest accepted rows with a mature label to train on.
    min_positives : int
        Fewest bad outcomes among them.
    floors : mapping of metric to float
        Absolute demand on a first champion: at least this where higher is better, at
        most this where lower is better.
    margins : mapping of metric to float
        Least improvement over the champion, in the metric's own unit, counted in the
        better direction. Negative: the most that may be lost.
    calibration, slices, stress, fairness, leakage, service
        What else a version must show; see `assay.contract.gates`.
    """

    max_quarantined_share: Share = 0.05
    min_rows: Annotated[int, Constrained(ge=50)] = 200
    min_positives: Annotated[int, Constrained(ge=5)] = 20
    floors: dict[Metric, float]
    margins: dict[Metric, float]
    calibration: CalibrationGate = CalibrationGate()
    slices: SliceGate = SliceGate()
    stress: StressGate = StressGate()
    fairness: FairnessGate = FairnessGate()
    leakage: LeakageGate = LeakageGate()
    service: ServiceGate = ServiceGate()

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if not self.floors or not self.margins:
            raise ValueError(
                "floors and margins each need at least one metric; a gate that asks "
                "nothing passes everything"
            )
        return self


class Limits(ContractPart):
    """Values at which monitoring and serving report or refuse.

    Attributes
    ----------
    psi : float
        Population stability index, in nats, at which a feature is reported.
    ks : float in [0, 1]
        Kolmogorov-Smirnov distance at which a numeric feature is reported.
    out_of_contract_share : float in [0, 1]
        Share of requests outside the contract at which an alert is raised.
    batch_rows : int
        Most rows in one request.
    """

    psi: Annotated[float, Constrained(gt=0)] = 0.2
    ks: Annotated[float, Constrained(gt=0, le=1)] = 0.1
    out_of_contract_share: Share = 0.02
    batch_rows: Annotated[int, Constrained(ge=1, le=100_000)] = 1_000


class Contract(ContractPart):
    """Everything one model promises. Made by `read_contract`, never changed."""

    name: ModelName
    revision: Annotated[int, Constrained(ge=1)]
    purpose: Text
    owner: Text
    label: Label
    decision: DecisionRule
    gates: Gates
    limits: Limits = Limits()
    fields: Annotated[tuple[Field, ...], Constrained(alias="field", min_length=2)]

    @property
    def features(self) -> tuple[Field, ...]:
        """Fields that enter the model, in the contract's order."""
        return self.with_role("feature")

    @property
    def free_text(self) -> Field | None:
        """The text that the model reads, or None where features are numbers and words."""
        return next((field for field in self.features if field.is_free_text), None)

    @property
    def label_field(self) -> Field:
        """The field that is learned."""
        return self.with_role("label")[0]

    @property
    def event_time(self) -> Field | None:
        """The field that dates a row, or None where rows have no time."""
        return next(iter(self.with_role("event_time")), None)

    @property
    def identifier(self) -> Field | None:
        """The field that names a row, or None where rows have no name."""
        return next(iter(self.with_role("identifier")), None)

    @property
    def digest(self) -> str:
        """SHA-256 of the contract's content, whatever its file's layout."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def with_role(self, role: Role) -> tuple[Field, ...]:
        """Return the fields of one role, in the contract's order."""
        return tuple(field for field in self.fields if field.role == role)

    @model_validator(mode="after")
    def _roles_are_filled(self) -> Self:
        for role, least, most in (
            ("label", 1, 1),
            ("event_time", 0, 1),
            ("identifier", 0, 1),
            ("feature", 1, len(self.fields)),
        ):
            n_fields = len(self.with_role(role))  # type: ignore[arg-type] # a Role
            if not least <= n_fields <= most:
                raise ValueError(
                    f"{n_fields} fields have the role {role!r}; "
                    f"{least} to {most} are allowed"
                )
        return self

    @model_validator(mode="after")
    def _a_text_stands_alone(self) -> Self:
        if self.free_text is not None and len(self.features) > 1:
            raise ValueError(
                f"text feature {self.free_text.name!r} stands beside "
                f"{len(self.features) - 1} others; a text is read alone: give the others "
                "the role 'ignored' or 'protected'"
            )
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"fields named twice: {', '.join(twice)}")
        if self.label_field.name != self.label.field:
            raise ValueError(
                f"label.field is {self.label.field!r} and the field with the role "
                f"'label' is {self.label_field.name!r}; name the same field in both"
            )
        self._check_slices()
        if self.label.maturity_days > 0 and self.event_time is None:
            raise ValueError(
                f"label.maturity_days is {self.label.maturity_days:g} and no field has "
                "the role 'event_time'; without one the age of a row is unknown: add "
                "it or set maturity_days to 0"
            )
        return self

    def _check_slices(self) -> None:
        sliceable = [
            field.name
            for field in self.fields
            if field.role in ("feature", "protected") and field.dtype != "text"
        ]
        odd = [name for name in self.gates.slices.fields if name not in sliceable]
        if odd:
            raise ValueError(
                f"gates.slices.fields names {', '.join(map(repr, odd))}; groups are made "
                f"of features and protected fields: {', '.join(sliceable)}"
            )
