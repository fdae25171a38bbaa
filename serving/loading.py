"""Versions made ready to decide, from the registry or from what this machine keeps."""

from __future__ import annotations

from collections import OrderedDict

from assay.errors import BundleError, RegistryError
from assay.history.traffic import Served, Traffic
from serving.cache import BundleCache
from serving.champion import Beside, Champion, load_champion
from serving.registry import Entry, Registry
from serving.trust import Trust

MOST_HELD = 4
"""Versions of a model that stay in memory: a rollback waits for no disk."""


class Loader:
    """Loads versions, each once while it is in use.

    Parameters
    ----------
    registry : Registry
        Where versions and bundles are.
    cache : BundleCache
        Where bundles are kept.
    trust : Trust
        Whose bundles may decide.
    """

    def __init__(self, registry: Registry, cache: BundleCache, trust: Trust) -> None:
        self._registry, self._cache, self._trust = registry, cache, trust
        self._held: dict[str, OrderedDict[Served, tuple[Entry, Champion]]] = {}

    def by_alias(self, model_name: str) -> Champion:
        """Return the version that carries the champion's alias, and note it.

        Raises
        ------
        AssayError
            If there is none, or it is refused.
        """
        entry = self._registry.champion(model_name)
        found = (self._held.get(model_name) or OrderedDict()).get(_served(entry))
        champion = found[1] if found else self._loaded(entry, is_here=False)
        self._cache.remember(entry)
        return champion

    def version(self, model_name: str, served: Served, *, is_online: bool) -> Champion:
        """Return a version that a statement names.

        Parameters
        ----------
        model_name : str
            The model.
        served : Served
            Version and digest, as they were signed.
        is_online : bool
            Whether the registry answers; without it only what is here can be loaded.

        Raises
        ------
        AssayError
            If it is not to be had, or is refused.
        """
        held = self._held.setdefault(model_name, OrderedDict())
        if served in held:
            held.move_to_end(served)
            return held[served][1]
        if not is_online:
            noted = self._cache.noted(model_name)
            entry = next((each for each in noted if _served(each) == served), None)
            if entry is None:
                raise BundleError(f"version {served.version} is not in the cache")
            return self._loaded(entry, is_here=True)
        entry = self._registry.version(model_name, str(served.version))
        if entry.digest != served.bundle_digest:
            raise RegistryError(
                f"the registry names bundle {entry.digest[:12]} for version "
                f"{served.version}, signed was {served.bundle_digest[:12]}"
            )
        return self._loaded(entry, is_here=False)

    def last_good(self, model_name: str) -> Champion | None:
        """Return the version that answered last on this machine, None without one.

        Raises
        ------
        AssayError
            If it was altered, or is trusted no more.
        """
        noted = self._cache.noted(model_name)
        return self._loaded(noted[0], is_here=True) if noted else None

    def note(self, model_name: str, traffic: Traffic) -> None:
        """Note what a traffic names and is loaded, for a start without the registry."""
        held = self._held.get(model_name) or OrderedDict()
        used = (traffic.champion, traffic.canary, traffic.shadow)
        entries = [held[each][0] for each in used if each is not None and each in held]
        if entries and _served(entries[0]) == traffic.champion:
            self._cache.remember(entries[0], entries[1:])

    def _loaded(self, entry: Entry, *, is_here: bool) -> Champion:
        cache = self._cache
        bundle = cache.kept(entry) if is_here else cache.bundle(entry, self._registry)
        self._trust.check(entry.signature, bundle.digest)
        champion = load_champion(entry.model_name, entry.version, bundle)
        held = self._held.setdefault(entry.model_name, OrderedDict())
        held[_served(entry)] = entry, champion
        while len(held) > MOST_HELD:
            held.popitem(last=False)
        return champion


def with_beside(
    champion: Champion,
    canary: Champion | None,
    canary_share: float,
    shadow: Champion | None,
) -> Champion:
    """Return a champion with who stands beside it, each in its role."""
    if canary is None and shadow is None:
        return champion
    return champion.as_role(
        "champion",
        Beside(
            canary.as_role("canary") if canary else None,
            canary_share,
            shadow.as_role("shadow") if shadow else None,
        ),
    )


def _served(entry: Entry) -> Served:
    is_number = entry.version.isdecimal()
    return Served(int(entry.version) if is_number else 0, entry.digest)
