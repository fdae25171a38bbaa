"""Which champion answers for which model, kept up with the registry."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assay.errors import AssayError, BundleError, RegistryError, SourceError
from serving.cache import BundleCache
from serving.champion import Champion, load_champion
from serving.problems import Problem
from serving.registry import Entry, Registry

REFUSED_RETRY_SECONDS = 60.0
_MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_log = logging.getLogger("assay.serving")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one model stands.

    Attributes
    ----------
    champion : Champion or None
        What answers, or None where nothing does.
    problem : str
        Why nothing answers, or why an older version does; empty where all is well.
    refused_version : str
        Version in the registry that was refused; empty where none was.
    retry_at : float
        Monotonic time from which a refused version is tried again.
    """

    champion: Champion | None = None
    problem: str = ""
    refused_version: str = ""
    retry_at: float = 0.0


class Catalogue:
    """The standings of all models, replaced as one reference.

    A request takes its champion once and finishes on it, whatever is loaded meanwhile.

    Parameters
    ----------
    registry : Registry
        Where aliases and bundles are.
    cache : BundleCache
        Where bundles are kept.
    model_names : iterable of str
        Models that are known to be wanted, the default first.
    """

    def __init__(
        self, registry: Registry, cache: BundleCache, model_names: Iterable[str]
    ) -> None:
        self._registry = registry
        self._cache = cache
        self._wanted = tuple(dict.fromkeys(model_names))
        waiting = Standing(problem="the registry has not been asked yet; ask again soon")
        self.standings: Mapping[str, Standing] = dict.fromkeys(self._wanted, waiting)
        self.registry_problem = ""
        self.is_settled = False

    @property
    def is_ready(self) -> bool:
        """True once the first round is over and a model answers."""
        return self.is_settled and any(one.champion for one in self.standings.values())

    def champion(self, model_name: str) -> Champion:
        """Return the champion of a model.

        Raises
        ------
        Problem
            404 for an unknown model, 503 for one that has no champion.
        """
        standings = self.standings
        standing = standings.get(model_name)
        if standing is None:
            known = sorted(standings)
            raise Problem(
                404,
                f"no model {model_name[:80]!r}; there are: {', '.join(known) or 'none'}",
                {"models": known},
            )
        if standing.champion is None:
            raise Problem(
                503,
                f"model {model_name!r} does not answer: {standing.problem}",
                headers={"Retry-After": "5"},
            )
        return standing.champion

    def refresh(self) -> None:
        """Bring every standing up to date with the registry. Blocks; one at a time."""
        try:
            versions: dict[str, str] | None = {
                name: version
                for name, version in self._registry.champions().items()
                if _MODEL_NAME.fullmatch(name)
            }
            self._note_registry("")
        except (SourceError, RegistryError) as error:
            versions = None
            self._note_registry(str(error))
        found = versions if versions is not None else self._cache.model_names()
        for name in dict.fromkeys((*self._wanted, *self.standings, *found)):
            before = self.standings.get(name, Standing())
            if versions is None:
                after = self._without_registry(name, before)
            elif name in versions:
                after = self._with_champion(name, versions[name], before)
            else:
                after = self._without_champion(name, before)
            self._put(name, before, after)
        self.is_settled = True

    def _put(self, name: str, before: Standing, after: Standing) -> None:
        if after == before and name in self.standings:
            return
        if after.champion is None and name not in self._wanted and not after.problem:
            return
        self.standings = {**self.standings, name: after}
        if after.problem and after.problem != before.problem:
            _log.warning("model=%s problem=%s", name, after.problem)
        if after.champion and after.champion is not before.champion:
            _log.info(
                "model=%s version=%s digest=%s answers",
                name,
                after.champion.version,
                after.champion.bundle.digest[:12],
            )

    def _with_champion(self, name: str, version: str, before: Standing) -> Standing:
        if version == before.refused_version and time.monotonic() < before.retry_at:
            return before
        try:
            entry = self._registry.champion(name)
            champion = before.champion
            # The digest too: a registry that was set up anew counts from 1 again.
            if (
                champion is None
                or champion.version != entry.version
                or champion.bundle.digest != entry.digest
            ):
                champion = self._load(entry)
        except (AssayError, OSError) as error:
            return self._refused(name, version, before, error)
        return Standing(champion)

    def _load(self, entry: Entry) -> Champion:
        bundle = self._cache.bundle(entry, self._registry)
        champion = load_champion(entry.model_name, entry.version, bundle)
        self._cache.remember(entry.model_name, entry.version, entry.digest)
        return champion

    def _refused(
        self, name: str, version: str, before: Standing, error: Exception
    ) -> Standing:
        # What did not arrive may arrive in a moment; what is wrong stays wrong a while.
        wait = 0.0 if isinstance(error, SourceError) else REFUSED_RETRY_SECONDS
        kept = replace(before, problem="")
        if before.champion is None:
            kept = self._from_cache(name)
        problem = f"champion version {version} was refused: {error}"
        if kept.champion:
            problem += f"; version {kept.champion.version} answers on"
        return Standing(kept.champion, problem, version, time.monotonic() + wait)

    def _without_champion(self, name: str, before: Standing) -> Standing:
        """Return the standing of a model that the registry says has no champion."""
        if before.champion:
            _log.warning("model=%s champion withdrawn in the registry", name)
        self._cache.forget(name)
        if name not in self._wanted and before.champion is None:
            return before
        return Standing(
            problem="it has no champion in the registry; run 'assay run nightly --model "
            f"{name}', or promote a version"
        )

    def _without_registry(self, name: str, before: Standing) -> Standing:
        kept = before if before.champion else self._from_cache(name)
        if kept.champion:
            problem = (
                "the registry is out of reach; the last good version, "
                f"{kept.champion.version}, answers on"
            )
        else:
            problem = (
                "the registry is out of reach and no version is in the cache; start the "
                f"registry. {kept.problem}".rstrip()
            )
        return replace(kept, problem=problem)

    def _from_cache(self, name: str) -> Standing:
        try:
            found = self._cache.last_good(name)
            return Standing(load_champion(name, *found)) if found else Standing()
        except BundleError as error:
            return Standing(problem=f"the cached version was refused: {error}")

    def _note_registry(self, problem: str) -> None:
        if problem and not self.registry_problem:
            _log.warning("registry out of reach: %s", problem)
        elif self.registry_problem and not problem:
            _log.info("registry answers again")
        self.registry_problem = problem


async def keep_fresh(catalogue: Catalogue, interval_seconds: float) -> None:
    """Refresh `catalogue` for ever, off the event loop. Ends by being cancelled."""
    while True:
        try:
            await asyncio.to_thread(catalogue.refresh)
        except Exception as error:  # the loop must outlive what it did not foresee
            _log.error("refresh failed error=%s: %s", type(error).__name__, error)
        await asyncio.sleep(interval_seconds)
