"""Which champion answers for which model, kept up with the registry."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable, Mapping

from assay.errors import RegistryError, SourceError
from serving.cache import BundleCache
from serving.champion import Champion
from serving.problems import Problem, unknown_model
from serving.registry import Look, Registry
from serving.standing import Standing, Standings
from serving.trust import Trust

_MODEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

_log = logging.getLogger("assay.serving")


class Catalogue:
    """The standings of all models, replaced as one reference.

    A request takes its champion once and finishes on it, whatever is loaded meanwhile.

    Parameters
    ----------
    registry : Registry
        Where statements, aliases and bundles are.
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
        self._registry, self._cache = registry, cache
        self._standing = Standings(registry, cache, trust, on_refusal)
        self._wanted = tuple(dict.fromkeys(model_names))
        waiting = Standing(problem="the registry has not been asked yet; ask again soon")
        self.standings: Mapping[str, Standing] = dict.fromkeys(self._wanted, waiting)
        self.registry_problem = ""
        self.is_settled = False

    @property
    def is_ready(self) -> bool:
        """True once the first round is over and a model answers or was stopped."""
        standings = self.standings.values()
        return self.is_settled and any(
            one.champion or one.is_stopped for one in standings
        )

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
            look = None if looks is None else looks.get(name, Look())
            self._put(name, before, self._standing.after(name, look, before))
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
