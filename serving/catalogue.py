"""Which champion answers for which model, kept up with the registry."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from assay.errors import AssayError, BundleError, ConfigError, RegistryError, SourceError
from serving.cache import BundleCache
from serving.champion import Champion, load_champion
from serving.problems import Problem, unknown_model
from serving.registry import Entry, Look, Registry
from serving.trust import Trust

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
    stamp : str
        The registry's stamp of what was loaded or refused last.
    """

    champion: Champion | None = None
    problem: str = ""
    refused_version: str = ""
    retry_at: float = 0.0
    stamp: str = ""


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
    trust : Trust
        Whose bundles may decide.
    on_refusal : callable of str and str, optional
        Told the model and the version of every bundle that is refused.
    """

    def __init__(
        self,
        registry: Registry,
        cache: BundleCache,
        model_names: Iterable[str],
        trust: Trust,
        on_refusal: Callable[[str, str], None] | None = None,
    ) -> None:
        self._registry = registry
        self._cache = cache
        self._trust = trust
        self._on_refusal = on_refusal or (lambda *_: None)
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
            raise unknown_model(model_name, standings)
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
            looks: dict[str, Look] | None = {
                name: look
                for name, look in self._registry.champions().items()
                if _MODEL_NAME.fullmatch(name)
            }
            self._note_registry("")
        except (SourceError, RegistryError) as error:
            looks = None
            self._note_registry(str(error))
        found = looks if looks is not None else self._cache.model_names()
        for name in dict.fromkeys((*self._wanted, *self.standings, *found)):
            before = self.standings.get(name, Standing())
            if looks is None:
                after = self._without_registry(name, before)
            elif name in looks:
                after = self._with_champion(name, looks[name], before)
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

    def _with_champion(self, name: str, look: Look, before: Standing) -> Standing:
        if look.stamp == before.stamp and before.refused_version:
            if time.monotonic() < before.retry_at:
                return before
        elif look.stamp == before.stamp and before.champion:
            return Standing(before.champion, stamp=look.stamp)
        try:
            entry = self._registry.champion(name)
            champion = before.champion
            if (
                champion is None
                or champion.version != entry.version
                or champion.bundle.digest != entry.digest
            ):
                champion = self._load(entry)
        except (AssayError, OSError) as error:
            return self._refused(name, look, before, error)
        return Standing(champion, stamp=look.stamp)

    def _load(self, entry: Entry) -> Champion:
        bundle = self._cache.bundle(entry, self._registry)
        self._trust.check(entry.signature, bundle.digest)
        champion = load_champion(entry.model_name, entry.version, bundle)
        self._cache.remember(entry)
        return champion

    def _refused(
        self, name: str, look: Look, before: Standing, error: Exception
    ) -> Standing:
        # What did not arrive may arrive in a moment; what is wrong stays wrong a while.
        wait = 0.0 if isinstance(error, SourceError) else REFUSED_RETRY_SECONDS
        kept = replace(before, problem="")
        if before.champion is None:
            kept = self._from_cache(name)
        problem = f"champion version {look.version} was refused: {error}"
        if kept.champion:
            problem += f"; version {kept.champion.version} answers on"
        self._on_refusal(name, look.version)
        retry_at = time.monotonic() + wait
        return Standing(kept.champion, problem, look.version, retry_at, look.stamp)

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
        return replace(kept, problem=problem, retry_at=0.0)

    def _from_cache(self, name: str) -> Standing:
        try:
            found = self._cache.last_good(name)
            if found is None:
                return Standing()
            entry, bundle = found
            self._trust.check(entry.signature, bundle.digest)
            return Standing(load_champion(name, entry.version, bundle))
        except (BundleError, ConfigError) as error:
            return Standing(problem=f"the cached version was refused: {error}")

    def _note_registry(self, problem: str) -> None:
        if problem and not self.registry_problem:
            _log.warning("registry out of reach: %s", problem)
        elif self.registry_problem and not problem:
            _log.info("registry answers again")
        self.registry_problem = problem


async def keep_fresh(
    catalogue: Catalogue,
    interval_seconds: float,
    after_each: Callable[[], None] = lambda: None,
) -> None:
    """Refresh `catalogue` for ever, off the event loop. Ends by being cancelled.

    `after_each` is called after every round, in the round's thread.
    """

    def one_round() -> None:
        try:
            catalogue.refresh()
        finally:
            after_each()

    while True:
        try:
            await asyncio.to_thread(one_round)
        except Exception as error:  # the loop must outlive what it did not foresee
            _log.error("refresh failed error=%s: %s", type(error).__name__, error)
        await asyncio.sleep(interval_seconds)
