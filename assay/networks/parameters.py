"""What a network is made with, and its defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, Self, TypeAlias

from assay.errors import ConfigError

Kind: TypeAlias = Literal["residual_network", "network_ensemble", "expert_network"]

KINDS: tuple[Kind, ...] = ("residual_network", "network_ensemble", "expert_network")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes and training of a network.

    Attributes
    ----------
    members : int
        Residual networks in it: 1, the ensemble's members or the experts.
    width, blocks, bins : int
        Of the hidden layers; residual blocks; most bins of a number.
    dropout : float in [0, 1)
        Share of hidden values that a training step leaves out.
    learning_rate, weight_decay : float
        Of AdamW.
    balance : float
        Weight of the load-balancing loss of a mixture of experts.
    batch_rows, most_epochs, patience : int
        Rows a step; passes over the rows at most; passes without a better validation
        loss after which training stops.
    validation_share : float in (0, 1)
        Share of the training rows that decides when to stop.
    device, precision : str
        ``cpu`` or ``cuda``; ``float32`` or ``bfloat16`` (autocast).
    compile : int
        1 to have torch compile the network.
    ranks : int
        Processes that train together, one a device; each takes its part of a batch.
    """

    members: int
    width: int
    blocks: int
    bins: int
    dropout: float
    learning_rate: float
    weight_decay: float
    balance: float
    batch_rows: int
    most_epochs: int
    patience: int
    validation_share: float
    device: str
    precision: str
    compile: int
    ranks: int

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> Self:
        """Return the shape of an estimator's parameters.

        Raises
        ------
        ConfigError
            If a value is out of range.
        """
        shape = cls(**{each.name: parameters[each.name] for each in fields(cls)})
        counts = ["members", "width", "bins", "batch_rows", "most_epochs"]
        counts += ["patience", "ranks"]
        wrong = [name for name in counts if getattr(shape, name) < 1]
        wrong += [name for name in ("blocks", "balance") if getattr(shape, name) < 0]
        wrong += ["learning_rate"] if shape.learning_rate <= 0 else []
        wrong += ["dropout"] if not 0 <= shape.dropout < 1 else []
        wrong += ["validation_share"] if not 0 < shape.validation_share < 1 else []
        wrong += ["device"] if shape.device not in ("cpu", "cuda") else []
        wrong += ["precision"] if shape.precision not in PRECISIONS else []
        if wrong:
            given = ", ".join(f"{name} = {getattr(shape, name)!r}" for name in wrong)
            raise ConfigError(
                f"out of range for a network: {given}; counts are 1 or more, shares "
                "between 0 and 1, the device cpu or cuda, the precision "
                f"{' or '.join(PRECISIONS)}"
            )
        return shape


def _parameters(**own: float) -> dict[str, float | int | str]:
    defaults: dict[str, float | int | str] = {
        "members": 1,
        "width": 128,
        "blocks": 2,
        "bins": 16,
        "dropout": 0.2,
        "learning_rate": 1e-3,
        "weight_decay": 1e-2,
        "balance": 0.0,
        "batch_rows": 512,
        "most_epochs": 60,
        "patience": 6,
        "validation_share": 0.15,
        "device": "cpu",
        "precision": "float32",
        "compile": 0,
        "ranks": 1,
    }
    return {**defaults, **own}


NETWORK_DEFAULTS: dict[Kind, dict[str, float | int | str]] = {
    "residual_network": _parameters(),
    "network_ensemble": _parameters(members=8, width=64),
    "expert_network": _parameters(members=4, width=64, balance=0.03),
}
