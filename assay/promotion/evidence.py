"""What the gate reads about a challenger, with the digest of each figure's source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from assay.contract import Contract, Field
from assay.contract.mark import SHOWN_DIGITS

StressKind: TypeAlias = Literal[
    "missing_refused", "missing_loss", "out_of_range", "noise", "recession"
]
Section: TypeAlias = Literal[
    "metrics",
    "improvements",
    "slices",
    "months",
    "score_shift",
    "stress",
    "fairness",
    "proxies",
    "alternatives",
    "leakage",
    "parity",
    "service",
    "reproduction",
]


class Measured(Protocol):
    """A figure with its interval."""

    @property
    def value(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """Lower end of its interval."""

    @property
    def high(self) -> float:
        """Upper end of its interval."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Digests of what the figures of one section were computed from, by name."""

    inputs: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 of the names and digests, 64 hexadecimal digits."""
        text = json.dumps(dict(self.inputs), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a field, or one month, on the holdout.

    Attributes
    ----------
    field, name : str
        The field and the group; for a month the event time and ``2026-03``.
    n_rows, n_positives : int
        Rows, and bad outcomes among them.
    auc : Measured or None
        None where an outcome is absent.
    bad_share : Measured
        Share of bad outcomes.
    mean_probability : float
        Mean calibrated probability, to be compared with the bad share.
    """

    field: str
    name: str
    n_rows: int
    n_positives: int
    auc: Measured | None
    bad_share: Measured
    mean_probability: float


@dataclass(frozen=True, slots=True)
class StressResult:
    """One way in which the version was strained.

    Attributes
    ----------
    kind : str
        ``missing_refused`` and ``out_of_range`` count rows that were tried and refused;
        ``missing_loss`` is AUC lost, ``noise`` the share of decisions that flip,
        ``recession`` the AUC there.
    field : str
        The field that was changed; for a recession the sample in words.
    n_tried, n_refused : int
        Rows.
    found : Measured or None
        The figure, where the kind has one.
    """

    kind: StressKind
    field: str
    n_tried: int
    n_refused: int = 0
    found: Measured | None = None


@dataclass(frozen=True, slots=True)
class Disparity:
    """One group of a protected field against the group that is approved most.

    Attributes
    ----------
    field, group, reference : str
        The field, the group and the group that it is compared with.
    n_rows : int
        Rows of the group.
    approval_share : Measured
        Share that gets the negative (not adverse) action.
    approval_ratio : Measured or None
        Approval share over that of the reference.
    equal_opportunity : Measured or None
        Approval share among good outcomes: largest less the group's own.
    equalised_odds : Measured or None
        Largest distance to another group in approval share, given good or bad outcomes.
    """

    field: str
    group: str
    reference: str
    n_rows: int
    approval_share: Measured
    approval_ratio: Measured | None
    equal_opportunity: Measured | None
    equalised_odds: Measured | None


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well the score's inputs, and the score itself, predict a protected group."""

    field: str
    group: str
    n_rows: int
    inputs_auc: Measured | None
    score_auc: Measured | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another threshold or set of inputs, and what it would change.

    Attributes
    ----------
    field : str
        The protected field that it is about.
    change : str
        What is done otherwise, in words.
    cost, smallest_ratio : Measured
        Cost per decision, and the smallest approval ratio among the groups.
    extra_cost, ratio_gain : Measured
        Both against the challenger, paired.
    """

    field: str
    change: str
    cost: Measured
    smallest_ratio: Measured
    extra_cost: Measured
    ratio_gain: Measured


@dataclass(frozen=True, slots=True)
class ShuffledLabels:
    """AUC on the holdout after training on shuffled labels; without leaks it is 0.5."""

    auc: float
    standard_error: float
    n_fits: int


@dataclass(frozen=True, slots=True)
class Service:
    """What scoring takes: processor time of a row in ms, and bytes of the graph."""

    latency_ms: Measured
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ParityFound:
    """How far the graph was from a trainer, in probability, and on how many rows."""

    n_rows: int
    largest_difference: float


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Digests of the version's graph and of the graph of a second fit."""

    registered: str
    again: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionEvidence:
    """All that the gate reads. What is absent stays at its default and fails the gate.

    Attributes
    ----------
    metrics : mapping of str to Measured
        The challenger on its holdout, see `assay.evaluation.evaluate`.
    has_champion : bool
        True where there is a champion to compare with.
    improvements : mapping of str to Measured
        Challenger minus champion on the same rows, paired.
    auc_gain_delong : Measured or None
        The same for the AUC by DeLong's method, as a check.
    cost_saved : Measured or None
        Cost of the better constant decision minus the challenger's.
    slices, months : tuple of Group
    score_shift : Measured or None
        PSI of the challenger's scores against the champion's, in nats, these at their
        own calibration line on the rows: what the outcomes do not explain.
    stress, fairness, proxies, alternatives : tuple
        Of StressResult, Disparity, Proxy and Alternative.
    shuffled : ShuffledLabels or None
    feature_aucs : mapping of str to Measured
        AUC that each feature reaches alone.
    parity : ParityFound or None
    service : Service or None
    reproduction : Reproduction or None
    origins : mapping of str to Origin
        By section; figures of a section without one are no evidence.
    note : str
        What kept two versions from being compared; empty where nothing did.
    """

    metrics: Mapping[str, Measured]
    has_champion: bool = False
    improvements: Mapping[str, Measured] = field(default_factory=dict)
    auc_gain_delong: Measured | None = None
    cost_saved: Measured | None = None
    slices: tuple[Group, ...] = ()
    months: tuple[Group, ...] = ()
    score_shift: Measured | None = None
    stress: tuple[StressResult, ...] = ()
    fairness: tuple[Disparity, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    shuffled: ShuffledLabels | None = None
    feature_aucs: Mapping[str, Measured] = field(default_factory=dict)
    parity: ParityFound | None = None
    service: Service | None = None
    reproduction: Reproduction | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    note: str = ""

    def origin(self, section: Section) -> str:
        """Return the first digits of a section's digest; empty where there is none."""
        found = self.origins.get(section)
        return found.digest[:SHOWN_DIGITS] if found and found.inputs else ""


def sliced_fields(contract: Contract) -> tuple[Field, ...]:
    """Return the fields whose groups are judged: the declared and the protected ones."""
    declared = contract.gates.slices.fields
    return tuple(
        field
        for field in contract.fields
        if field.name in declared or (field.role == "protected" and field.dtype != "text")
    )


def demanded_stress(contract: Contract) -> tuple[tuple[StressKind, str], ...]:
    """Return every stress test that a contract asks for, as (kind, field).

    A field that may be missing is tried as missing, one that may not must be refused;
    a bounded field is tried beyond its bounds, every number with noise of one unit. The
    recession has no field: its name is empty.
    """
    asked: list[tuple[StressKind, str]] = []
    for each in contract.features:
        allowed = each.nulls == "allow"
        asked.append(("missing_loss" if allowed else "missing_refused", each.name))
        if each.minimum is not None or each.maximum is not None:
            asked.append(("out_of_range", each.name))
        if each.dtype in ("integer", "number"):
            asked.append(("noise", each.name))
    return (*asked, ("recession", ""))
