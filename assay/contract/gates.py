"""What the promotion gate asks of a version, beside floors and margins."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field as Constrained
from pydantic import model_validator

from assay.contract.field import ContractPart

Fraction: TypeAlias = Annotated[float, Constrained(ge=0, le=1)]
Positive: TypeAlias = Annotated[float, Constrained(gt=0)]
Count: TypeAlias = Annotated[int, Constrained(ge=1)]
FairnessProfile: TypeAlias = Literal[
    "report", "four_fifths", "error_rates", "four_fifths_and_error_rates"
]
"""What a policy asks of groups: nothing, approval ratios, error rates, or both."""


class CalibrationGate(ContractPart):
    """Where the whole interval of the calibration line must lie.

    Attributes
    ----------
    slope_minimum, slope_maximum : float
        Bounds of the slope; 1 is calibrated.
    intercept_reach : float
        Largest distance of the intercept from 0, in log-odds.
    """

    slope_minimum: Positive = 0.5
    slope_maximum: Positive = 2.0
    intercept_reach: Positive = 1.0

    @model_validator(mode="after")
    def _one_is_inside(self) -> Self:
        if not self.slope_minimum < 1 < self.slope_maximum:
            raise ValueError(
                f"slope_minimum {self.slope_minimum:g} and slope_maximum "
                f"{self.slope_maximum:g} must lie on either side of 1"
            )
        return self


class SliceGate(ContractPart):
    """What each group of each declared field, and each month, must reach.

    Attributes
    ----------
    fields : tuple of str
        Fields whose groups are judged, beside the protected ones.
    auc : float in [0, 1]
        Least lower end of the AUC's interval in a group or month.
    min_rows, min_positives : int
        Smaller groups are shown and not judged; a field or a holdout without any group
        or month of that size has no evidence and fails.
    """

    fields: tuple[str, ...] = ()
    auc: Fraction = 0.5
    min_rows: Count = 200
    min_positives: Count = 20


class StressGate(ContractPart):
    """What a version must bear.

    Attributes
    ----------
    missing_auc_loss : float in [0, 1]
        Most AUC lost when a field that may be missing is missing in every row.
    flipped_share : float in [0, 1]
        Most decisions that flip when one field is off by one unit.
    recession_auc : float in [0, 1]
        Least lower end of the AUC's interval in a recession.
    """

    missing_auc_loss: Fraction = 0.2
    flipped_share: Fraction = 0.25
    recession_auc: Fraction = 0.5


class FairnessGate(ContractPart):
    """What a policy asks of the groups of protected fields.

    Attributes
    ----------
    profile : str
        ``report``: disparities are shown and none is judged. ``four_fifths``: approval
        ratios, and no alternative may be less discriminatory at about the same cost.
        ``error_rates``: equal opportunity and equalised odds.
        ``four_fifths_and_error_rates``: all of them.
    approval_ratio : float in [0, 1]
        Least lower end of a group's approval ratio.
    equal_opportunity, equalised_odds : float in [0, 1]
        Largest upper end of the differences.
    alternative_gain : float in [0, 1]
        Gain in the smallest approval ratio from which an alternative counts.
    alternative_cost : float
        Extra cost per decision up to which an alternative counts as equal.
    proxy_auc : float in [0, 1]
        Largest upper end of the AUC with which the inputs predict a group. Judged under
        every profile but ``report``.
    min_rows : int
        Smaller groups are shown and not judged.
    """

    profile: FairnessProfile = "report"
    approval_ratio: Fraction = 0.8
    equal_opportunity: Fraction = 0.1
    equalised_odds: Fraction = 0.15
    alternative_gain: Fraction = 0.02
    alternative_cost: Annotated[float, Constrained(ge=0)] = 0.0
    proxy_auc: Fraction = 0.9
    min_rows: Count = 200

    @property
    def judges_approval(self) -> bool:
        """True where approval ratios and alternatives are judged."""
        return self.profile in ("four_fifths", "four_fifths_and_error_rates")

    @property
    def judges_errors(self) -> bool:
        """True where equal opportunity and equalised odds are judged."""
        return self.profile in ("error_rates", "four_fifths_and_error_rates")


class LeakageGate(ContractPart):
    """When a label is taken to have leaked into the inputs.

    Attributes
    ----------
    feature_auc : float in [0, 1]
        Largest upper end of the AUC that one feature alone may reach.
    shuffled_errors : float
        Standard errors that the AUC may be off 0.5 after training on shuffled labels.
    """

    feature_auc: Fraction = 0.95
    shuffled_errors: Positive = 3.0


class ServiceGate(ContractPart):
    """What a version may cost the service that scores with it.

    Attributes
    ----------
    score_psi : float
        Largest upper end of the PSI of its scores against the champion's, in nats,
        these brought to the outcomes of the rows that judge.
    parity : float
        Largest difference in probability between graph and trainer.
    latency_ms : float
        Largest upper end of the 99th percentile of one row's processor time, in ms.
    size_mb : float
        Largest size of the graph, in million bytes.
    """

    score_psi: Positive = 0.25
    parity: Positive = 1e-9
    latency_ms: Positive = 50.0
    size_mb: Positive = 20.0
