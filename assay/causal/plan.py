"""What will be asked, of which column, by which design: fixed before the estimate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from assay.causal.assumptions import THRESHOLDS
from assay.causal.design import Design
from assay.causal.designs import design_named
from assay.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A question and the way it will be answered.

    Attributes
    ----------
    question : str
        As a reader would ask it.
    design : str
        Name of a design: ``"two_by_two"``, ``"sharp_jump"`` and so on.
    outcome : str
        Column of the outcome.
    options : mapping of str to value
        Columns and choices of the design, by its function's argument names.
    unit : str
        Unit of the outcome.
    estimand : str
        What the number is of; follows from design and options.
    thresholds_digest : str
        SHA-256 of the registered thresholds that the verdict will use.

    Raises
    ------
    ConfigError
        If the design is unknown, or an option is unknown, missing or of a kind that
        cannot be written down.

    Examples
    --------
    >>> plan = Plan(
    ...     question="Did the new form raise approvals?",
    ...     design="mean_difference",
    ...     outcome="approved",
    ...     options={"treated": "new_form"},
    ... )
    >>> plan.estimand, len(plan.digest)
    ('ate', 64)
    """

    question: str
    design: str
    outcome: str
    options: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    estimand: str = field(init=False)
    thresholds_digest: str = field(init=False)

    def __post_init__(self) -> None:
        design = design_named(self.design)
        design.check(self.options)
        plain = {name: _plain(name, self.options[name]) for name in sorted(self.options)}
        object.__setattr__(self, "options", MappingProxyType(plain))
        object.__setattr__(self, "estimand", design.estimand_with(plain))
        object.__setattr__(self, "thresholds_digest", thresholds_digest())

    @property
    def how(self) -> Design:
        """The design itself."""
        return design_named(self.design)

    @property
    def digest(self) -> str:
        """SHA-256 of everything above; the same for the same plan anywhere."""
        return _digest(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Return the plan in plain values, ready for JSON."""
        return {
            "question": self.question,
            "design": self.design,
            "outcome": self.outcome,
            "options": dict(self.options),
            "unit": self.unit,
            "estimand": self.estimand,
            "thresholds_digest": self.thresholds_digest,
        }


def thresholds_digest() -> str:
    """Return the SHA-256 of the names and values of all registered thresholds."""
    return _digest({name: THRESHOLDS[name].value for name in sorted(THRESHOLDS)})


def data_digest(frame: pd.DataFrame) -> str:
    """Return a SHA-256 of a frame's content that the order of rows does not change."""
    ordered = frame[sorted(frame.columns, key=str)]
    rows = np.sort(pd.util.hash_pandas_object(ordered, index=False).to_numpy())
    names = "\n".join(map(str, ordered.columns)).encode()
    return hashlib.sha256(names + rows.astype("<u8").tobytes()).hexdigest()


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(name: str, value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(name, one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ConfigError(
        f"option {name!r} is {type(value).__name__}, which a plan cannot write down; "
        "give text, a number or a list of them"
    )
