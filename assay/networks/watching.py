"""Who hears of a training while it runs, and where it leaves what a resume needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows.

    Attributes
    ----------
    number : int
        From 1.
    most : int
        Passes at most.
    training_loss, validation_loss : float
        Mean log loss, in nats a row.
    rows_per_second : float
        Rows trained on, over the time of the pass.
    memory_bytes : int
        Most memory of the device in use so far; of the process on a CPU.
    utilisation : float or None
        Share of the last second in which the device was busy; None where nothing tells.
    """

    number: int
    most: int
    training_loss: float
    validation_loss: float
    rows_per_second: float
    memory_bytes: int
    utilisation: float | None


Listener: TypeAlias = Callable[[Epoch], None]


@dataclass(frozen=True, slots=True)
class Watch:
    """What surrounds a training without changing its result.

    Attributes
    ----------
    listen : callable, optional
        Called after each pass.
    checkpoint : Path, optional
        File that a pass leaves its state in, and a resume begins from.
    """

    listen: Listener | None = None
    checkpoint: Path | None = None
