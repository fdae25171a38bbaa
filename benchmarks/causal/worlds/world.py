"""A simulated data set with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class World:
    """A frame, the design to put to it, and the effect that it holds."""

    frame: pd.DataFrame
    design: str
    options: dict[str, Any]
    truth: float
    outcome: str = "y"
