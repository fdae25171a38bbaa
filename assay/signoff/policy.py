"""The sign-off policy: tiers, the roles that each asks for, and the models in them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assay.contract.mark import PolicyMark, policy_digest
from assay.errors import ConfigError
from assay.signoff.keys import Role

Tier: TypeAlias = Literal["low", "medium", "high"]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class PolicyPart(BaseModel):
    """A frozen part that knows every key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelPolicy(PolicyPart):
    """What the policy says of one model.

    Attributes
    ----------
    tier : Tier
        How much depends on it.
    exposure : str
        Who and how much is decided about.
    validator : str
        Who answers for its validation.
    review_days : float
        Longest time between two reviews.
    monitor_hours : float
        Longest silence of its monitors.
    """

    tier: Tier
    exposure: Text
    validator: Text
    review_days: Annotated[float, Field(gt=0)] = 365.0
    monitor_hours: Annotated[float, Field(gt=0)] = 26.0


class SignoffPolicy(PolicyPart):
    """Who must sign. Read by `read_policy`, never changed.

    Attributes
    ----------
    revision : int
        Counts changes of the file.
    default_tier : Tier
        Tier of a model that is not named.
    request_days : float
        Days until a request that nobody decided counts as refused.
    tiers : mapping of Tier to tuple of Role
        Roles that must sign, in this order.
    models : mapping of str to ModelPolicy
        The models that are named.
    """

    revision: Annotated[int, Field(ge=1)]
    default_tier: Tier
    request_days: Annotated[float, Field(gt=0, le=365)]
    tiers: dict[Tier, tuple[Role, ...]]
    models: dict[str, ModelPolicy] = {}

    def tier_of(self, model_name: str) -> Tier:
        """Return the tier of a model."""
        named = self.models.get(model_name)
        return named.tier if named else self.default_tier

    def roles_for(self, model_name: str) -> tuple[Role, ...]:
        """Return the roles that must sign for a version of the model, in order."""
        return self.tiers[self.tier_of(model_name)]

    def mark_for(self, model_name: str) -> PolicyMark:
        """Return the mark of what the policy asks for a version of the model.

        What it says of other models has no part in it.
        """
        tier = self.tier_of(model_name)
        asked = {
            "tier": tier,
            "roles": list(self.roles_for(model_name)),
            "request_days": self.request_days,
        }
        return PolicyMark("sign-off", f"tier {tier}", self.revision, policy_digest(asked))

    @model_validator(mode="after")
    def _tiers_are_whole(self) -> Self:
        absent = [tier for tier in ("low", "medium", "high") if tier not in self.tiers]
        if absent:
            raise ValueError(f"no roles are given for the tiers {', '.join(absent)}")
        for tier, roles in self.tiers.items():
            if len(set(roles)) < len(roles):
                raise ValueError(f"tier {tier} names a role twice")
        if (
            not set(self.tiers["low"])
            <= set(self.tiers["medium"])
            <= set(self.tiers["high"])
        ):
            raise ValueError("a higher tier must ask for every role of a lower one")
        return self


def read_policy(file: Path) -> SignoffPolicy:
    """Return the policy in a TOML file.

    Raises
    ------
    ConfigError
        If it is not there, or says something that is not allowed.
    """
    try:
        return SignoffPolicy.model_validate(tomllib.loads(file.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the sign-off policy {file} does not read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(
            f"{where} in the sign-off policy {file}: {first['msg']}"
        ) from error
