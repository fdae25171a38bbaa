"""Who answers, who is tried and who is only watched, and how that may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import ConfigError, RegistryError

LARGEST_CANARY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """A version with the digest of its bundle."""

    version: int
    bundle_digest: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """What servers do with a model's requests.

    Attributes
    ----------
    champion : Served or None
        Answers; None before the first promotion.
    canary : Served or None
        Answers a share of the requests.
    canary_share : float in [0, 0.5]
        That share; 0 without a canary.
    shadow : Served or None
        Scored, recorded, never answered.
    stopped : str
        Why nobody answers; empty while the model answers.
    """

    champion: Served | None = None
    canary: Served | None = None
    canary_share: float = 0.0
    shadow: Served | None = None
    stopped: str = ""

    def answered_by(self, version: int) -> bool:
        """Return True if `version` may answer a request."""
        may = {one.version for one in (self.champion, self.canary) if one}
        return not self.stopped and version in may


def promoted(traffic: Traffic, version: Served) -> Traffic:
    """Return the traffic with `version` as the champion; a canary ends.

    Raises
    ------
    RegistryError
        If it is the champion already.
    """
    if traffic.champion == version:
        raise RegistryError(f"version {version.version} is the champion already")
    shadow = None if traffic.shadow == version else traffic.shadow
    return Traffic(champion=version, shadow=shadow, stopped=traffic.stopped)


def with_canary(traffic: Traffic, version: Served, share: float) -> Traffic:
    """Return the traffic with a share of the requests for `version`.

    Raises
    ------
    RegistryError
        If there is no champion beside it, or it is the champion.
    ConfigError
        If the share is not within (0, 0.5].
    """
    if not 0 < share <= LARGEST_CANARY_SHARE:
        raise ConfigError(
            f"a canary's share is {share:g}; it must be above 0 and at most "
            f"{LARGEST_CANARY_SHARE:g}"
        )
    if traffic.champion is None:
        raise RegistryError("there is no champion to compare a canary with; promote one")
    if traffic.champion.version == version.version:
        raise RegistryError(f"version {version.version} is the champion; name another")
    return replace(traffic, canary=version, canary_share=share)


def without_canary(traffic: Traffic) -> Traffic:
    """Return the traffic with the champion alone.

    Raises
    ------
    RegistryError
        If there is no canary.
    """
    if traffic.canary is None:
        raise RegistryError("there is no canary to withdraw")
    return replace(traffic, canary=None, canary_share=0.0)


def with_shadow(traffic: Traffic, version: Served | None) -> Traffic:
    """Return the traffic with `version` watched, or nobody for None."""
    if version is not None and traffic.champion == version:
        raise RegistryError(f"version {version.version} is the champion; name another")
    return replace(traffic, shadow=version)


def stopped(traffic: Traffic, reason: str) -> Traffic:
    """Return the traffic of a model that a person stopped.

    Raises
    ------
    ConfigError
        If no reason is given.
    """
    if not reason.strip():
        raise ConfigError("a model is stopped with a reason; callers read it")
    return replace(traffic, stopped=reason.strip())


def resumed(traffic: Traffic) -> Traffic:
    """Return the traffic of a model that answers again.

    Raises
    ------
    RegistryError
        If it is not stopped.
    """
    if not traffic.stopped:
        raise RegistryError("the model is not stopped")
    return replace(traffic, stopped="")


def traffic_content(traffic: Traffic) -> dict[str, Any]:
    """Return the traffic as JSON holds it."""

    def one(served: Served | None) -> list[int | str] | None:
        return [served.version, served.bundle_digest] if served else None

    return {
        "champion": one(traffic.champion),
        "canary": one(traffic.canary),
        "canary_share": traffic.canary_share,
        "shadow": one(traffic.shadow),
        "stopped": traffic.stopped,
    }


def read_traffic(content: Mapping[str, Any]) -> Traffic:
    """Return the traffic that `traffic_content` wrote."""

    def one(name: str) -> Served | None:
        found = content[name]
        return Served(int(found[0]), str(found[1])) if found else None

    return Traffic(
        champion=one("champion"),
        canary=one("canary"),
        canary_share=float(content["canary_share"]),
        shadow=one("shadow"),
        stopped=str(content["stopped"]),
    )
