"""How an encoder is fitted, and the defaults; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, TypeAlias

from assay.errors import ConfigError

Training: TypeAlias = Literal["frozen", "full"]

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class TextShape:
    """How an encoder is fitted. The defaults are for `frozen`; see `of`.

    Attributes
    ----------
    training : {"frozen", "full"}
        Whether the head alone learns, or every weight.
    encoder_rate, head_rate : float
        Highest learning rates of AdamW.
    layer_decay : float in (0, 1]
        What the rate of a layer is multiplied by for each layer above it.
    warm_up : float in [0, 1)
        Share of the steps in which the rates rise; then they fall to 0 in a line.
    balance : float in [0, 1]
        1 and all classes weigh alike, 0 and each text does.
    passes, batch_texts, most_tokens : int
        Walks over the texts; texts a step; tokens of a text that are read.
    device, precision : str
        ``cpu`` or ``cuda``; ``float32`` or ``bfloat16`` (autocast).
    """

    training: Training = "frozen"
    encoder_rate: float = 5e-5
    head_rate: float = 1e-2
    layer_decay: float = 1.0
    warm_up: float = 0.1
    balance: float = 1.0
    passes: int = 40
    batch_texts: int = 32
    most_tokens: int = 128
    device: str = "cpu"
    precision: str = "float32"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the shape of some options, the others as its training asks for.

        Raises
        ------
        ConfigError
            If there is no such option, or its value is out of range.
        """
        names = [each.name for each in fields(cls)]
        unknown = sorted(set(options) - set(names))
        if unknown:
            raise ConfigError(
                f"no option {', '.join(unknown)}; there are {', '.join(sorted(names))}"
            )
        full = FULL if options.get("training") == "full" else {}
        shape = cls(**{**full, **options})
        wrong = [name for name in names if not _fits(name, getattr(shape, name))]
        if wrong:
            given = ", ".join(f"{name} = {getattr(shape, name)!r}" for name in wrong)
            raise ConfigError(
                f"out of range for an encoder: {given}; counts are 1 or more, rates "
                "above 0, shares between 0 and 1, training frozen or full, the device "
                f"cpu or cuda, the precision {' or '.join(PRECISIONS)}"
            )
        return shape


FULL: Mapping[str, Any] = {
    "encoder_rate": 1e-4,
    "head_rate": 1e-3,
    "layer_decay": 0.9,
    "balance": 0.5,
    "passes": 4,
    "precision": "bfloat16",
}
"""Where learning every weight asks for other values than learning the head."""

TEXT_DEFAULTS: dict[str, Any] = asdict(TextShape())

_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "training": ("frozen", "full"),
    "device": ("cpu", "cuda"),
    "precision": PRECISIONS,
}


def _fits(name: str, value: Any) -> bool:  # noqa: ANN401 # any kind of value
    if name in _ALLOWED:
        return value in _ALLOWED[name]
    if name in ("passes", "batch_texts", "most_tokens"):
        return isinstance(value, int) and value >= 1
    if name in ("encoder_rate", "head_rate"):
        return bool(value > 0)
    if name == "layer_decay":
        return bool(0 < value <= 1)
    return bool(0 <= value < 1 or (name == "balance" and value == 1))
