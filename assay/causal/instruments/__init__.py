"""Effects through instruments: what moved the treatment and nothing else."""

from assay.causal.instruments.anderson_rubin import AndersonRubin
from assay.causal.instruments.effect import (
    InstrumentResult,
    TestValue,
    instrumented_effect,
)
from assay.causal.instruments.strength import Strength

__all__ = [
    "AndersonRubin",
    "InstrumentResult",
    "Strength",
    "TestValue",
    "instrumented_effect",
]
