"""Types of flow parameters, which the Prefect UI turns into forms and checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

ModelName: TypeAlias = Annotated[
    str,
    Field(
        title="Model",
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="Name of a contract; 'all' where every model may run.",
    ),
]
Source: TypeAlias = Annotated[
    str | None,
    Field(
        title="Source",
        description="A file, a folder, sql:…, simulate:…, openml:… or https:…; empty "
        "takes the one that the settings name. See docs/sources.md.",
    ),
]
AsOf: TypeAlias = Annotated[
    datetime | None,
    Field(
        title="As of",
        description="Moment from which the data is seen; empty is last midnight, UTC.",
    ),
]
SnapshotUri: TypeAlias = Annotated[
    str | None,
    Field(title="Snapshot", description="Empty takes the newest of the model."),
]
Algorithm: TypeAlias = Annotated[
    Literal["boosting", "logistic"], Field(title="Algorithm")
]
NetworkKind: TypeAlias = Annotated[
    Literal["residual_network", "network_ensemble", "expert_network"],
    Field(title="Network", description="What is trained; see docs/methods/networks.md."),
]
Device: TypeAlias = Annotated[
    Literal["cuda", "cpu"],
    Field(
        title="Device",
        description="cuda fails at once where there is no fitting device; cpu is a "
        "choice, never a fallback.",
    ),
]
NetworkOptions: TypeAlias = Annotated[
    dict[str, float | int | str] | None,
    Field(
        title="Options",
        description="Sizes and training in place of the defaults, such as "
        '{"width": 256, "precision": "bfloat16"}; see docs/methods/networks.md.',
    ),
]
Seed: TypeAlias = Annotated[int, Field(title="Seed", ge=0, lt=2**32)]
Trials: TypeAlias = Annotated[
    int,
    Field(title="Search trials", ge=0, le=1000, description="0 takes the defaults."),
]
Minutes: TypeAlias = Annotated[
    float,
    Field(
        title="Search minutes",
        ge=0,
        le=24 * 60,
        description="Longest search; 0 is no limit. A clock's end may vary.",
    ),
]
Share: TypeAlias = Annotated[
    float, Field(title="Share", gt=0, lt=1, description="Of the labelled rows.")
]
WindowDays: TypeAlias = Annotated[float, Field(title="Days of the window", gt=0, le=3660)]
Level: TypeAlias = Annotated[
    float,
    Field(
        title="Chance of a false alarm",
        gt=0,
        lt=1,
        description="Over all looks at one reference.",
    ),
]
Looks: TypeAlias = Annotated[int, Field(title="Looks at one reference", ge=1, le=10_000)]
Folds: TypeAlias = Annotated[
    int,
    Field(title="Folds", ge=0, le=20, description="Of the cross-validation; 0 is none."),
]


def as_of_or_midnight(as_of: datetime | None) -> datetime:
    """Return `as_of` in UTC, or the last midnight, so that a day's runs agree."""
    if as_of is None:
        return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)
