"""``simulate:lender?name=value&...``: rows of a simulated world."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assay.contract.model import Contract
from assay.errors import ConfigError
from assay.settings import Settings
from assay.simulate.drift import Drift, DriftKind, Drifts
from assay.simulate.lender import simulate_lender
from assay.simulate.scenarios import silent_failure

Share = Annotated[float, Field(ge=0, le=1)]


class LenderParameters(BaseModel):
    """What the text of a lender source may say; every parameter has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_applicants: Annotated[int, Field(ge=1, le=20_000_000)] = 40_000
    start: date = date(2026, 1, 1)
    days: Annotated[int, Field(ge=1, le=3_660)] = 240
    seed: Annotated[int, Field(ge=0)] = 0
    dirty_share: Share = 0.0
    missing_share: Share = 0.03
    as_of: datetime | None = None
    drift: DriftKind | Literal["silent_failure"] | None = None
    drift_start: date | None = None
    drift_size: Annotated[float, Field(ge=0, le=10)] = 1.0

    @model_validator(mode="after")
    def _drift_has_a_start(self) -> LenderParameters:
        if (self.drift is None) != (self.drift_start is None):
            raise ValueError("drift and drift_start come together")
        return self


def read_simulation(
    rest: str, contract: Contract, settings: Settings, as_of: datetime | None = None
) -> pd.DataFrame:
    """Return the applications of ``lender?...``; the same text gives the same rows.

    The lender looks at `as_of` where the text does not say when.

    Raises
    ------
    ConfigError
        If the world or a parameter is unknown or out of its range.
    """
    del settings  # a simulation needs nothing from outside
    world, _, query = rest.partition("?")
    if world != "lender":
        raise ConfigError(f"unknown simulation {world!r}; allowed: lender")
    p = _parameters(query)
    drift: Drifts = None
    if p.drift is not None and p.drift_start is not None:
        drift = (
            silent_failure(p.drift_start)
            if p.drift == "silent_failure"
            else Drift(p.drift, p.drift_start, p.drift_size)
        )
    return simulate_lender(
        n_applicants=p.n_applicants,
        start=p.start,
        days=p.days,
        seed=p.seed,
        dirty_share=p.dirty_share,
        missing_share=p.missing_share,
        as_of=p.as_of or as_of,
        maturity_days=contract.label.maturity_days,
        drift=drift,
    ).frame


def _parameters(query: str) -> LenderParameters:
    allowed = ", ".join(LenderParameters.model_fields)
    try:
        # A plus is a plus: it stands in a time's offset, never for a space.
        pairs = parse_qsl(query.replace("+", "%2B"), True, strict_parsing=bool(query))
    except ValueError as error:
        raise ConfigError(f"{query!r} is not name=value&name=value: {error}") from error
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"parameters given twice: {', '.join(twice)}")
    try:
        return LenderParameters.model_validate(dict(pairs))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'drift'}: {one['msg']}"
            for one in error.errors()
        )
        raise ConfigError(
            f"wrong parameter of simulate:lender: {wrong}. Allowed: {allowed}"
        ) from error
