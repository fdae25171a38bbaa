"""Where one model stands: who answers, who is tried, why nobody does.

A server follows the statement that the platform signed. An alias that somebody moved by
hand changes nothing; where signatures are not required, in development, a model without
a statement follows its alias.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assay.errors import AssayError, ConfigError, SourceError
from assay.history.statement import Followed
from assay.history.traffic import Served, Traffic
from serving.cache import BundleCache
from serving.champion import Champion
from serving.loading import Loader, with_beside
from serving.registry import Look, Registry
from serving.traffic import StatementKeeper
from serving.trust import Trust

REFUSED_RETRY_SECONDS = 60.0


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
    traffic : Traffic or None
        What the followed statement says; None without one.
    refusal : str
        Why a version that the traffic names is not loaded.
    alias_version : str
        Version that carried the champion's alias at the last look.
    """

    champion: Champion | None = None
    problem: str = ""
    refused_version: str = ""
    retry_at: float = 0.0
    stamp: str = ""
    traffic: Traffic | None = None
    refusal: str = ""
    alias_version: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether a person stopped the model."""
        return self.traffic is not None and bool(self.traffic.stopped)


class Standings:
    """Finds where a model stands after a look at the registry.

    Parameters
    ----------
    registry, cache, trust
        As of `serving.catalogue.Catalogue`.
    on_refusal : callable of str and str, optional
        Told the model and the version of every bundle that is refused.
    """

    def __init__(
        self,
        registry: Registry,
        cache: BundleCache,
        trust: Trust,
        on_refusal: Callable[[str, str], None] | None = None,
    ) -> None:
        self._cache, self._trust = cache, trust
        self._loader = Loader(registry, cache, trust)
        self._keeper = StatementKeeper(cache.folder, self._keys)
        self._on_refusal = on_refusal or (lambda *_: None)

    def after(self, name: str, look: Look | None, before: Standing) -> Standing:
        """Return where a model stands.

        Parameters
        ----------
        name : str
            The model.
        look : Look or None
            What the registry says; None where it does not answer.
        before : Standing
            Where the model stood.
        """
        try:
            followed = self._keeper.look(name, None if look is None else look.statements)
        except ConfigError as error:
            followed = Followed(None, str(error))
        if followed.statement is not None:
            return self._by_statement(name, look, before, followed)
        if self._trust.is_required:
            return _without_statement(name, look, followed.problem)
        return self._by_alias(name, look, before)

    def _keys(self) -> Sequence[bytes]:
        try:
            return self._trust.keys()
        except ConfigError:
            if self._trust.is_required:
                raise
            return ()

    def _by_statement(
        self, name: str, look: Look | None, before: Standing, followed: Followed
    ) -> Standing:
        assert followed.statement is not None  # noqa: S101 # the caller asked
        traffic = followed.statement.traffic
        found = before
        waits = not before.refusal or time.monotonic() < before.retry_at
        if before.traffic != traffic or not waits:
            found = self._with_versions(name, traffic, before, is_online=look is not None)
        problems = [found.refusal, followed.problem]
        if traffic.stopped:
            problems.insert(0, f"it was stopped: {traffic.stopped}")
        alias = before.alias_version if look is None else look.version
        if look is None:
            problems.append(_out_of_reach(found.champion))
        elif before.traffic == traffic and alias == before.alias_version:
            # One look may fall between the two steps of a change.
            problems.append(_strayed(alias, traffic.champion))
        problem = "; ".join(filter(None, problems))
        return replace(found, problem=problem, traffic=traffic, alias_version=alias)

    def _with_versions(
        self, name: str, traffic: Traffic, before: Standing, *, is_online: bool
    ) -> Standing:
        """Return a standing with the versions of a traffic; what fails is refused."""
        if traffic.stopped:
            return Standing()
        refusals: list[tuple[Served, Exception]] = []

        def loaded(served: Served | None) -> Champion | None:
            if served is None:
                return None
            try:
                return self._loader.version(name, served, is_online=is_online)
            except (AssayError, OSError) as error:
                refusals.append((served, error))
                return None

        champion = loaded(traffic.champion)
        canary, shadow = loaded(traffic.canary), loaded(traffic.shadow)
        if champion is not None:
            champion = with_beside(champion, canary, traffic.canary_share, shadow)
            self._loader.note(name, traffic)
        else:
            champion = self._instead(name, before)
        told = [f"version {served.version} was refused: {e}" for served, e in refusals]
        if refusals and champion is not None:
            told.append(f"version {champion.version} answers on")
        for served, _ in refusals:
            self._on_refusal(name, str(served.version))
        return Standing(
            champion,
            refused_version=str(refusals[0][0].version) if refusals else "",
            retry_at=_retry_at([e for _, e in refusals]) if is_online else 0.0,
            refusal="; ".join(told),
        )

    def _instead(self, name: str, before: Standing) -> Champion | None:
        """Return who answers while the champion cannot: who answered last, alone."""
        if before.champion is not None:
            alone = before.champion.beside is None
            return before.champion if alone else before.champion.as_role("champion")
        try:
            return self._loader.last_good(name)
        except (AssayError, OSError):
            return None

    def _by_alias(self, name: str, look: Look | None, before: Standing) -> Standing:
        if look is None:
            return self._offline(name, before)
        if not look.version:
            self._cache.forget(name)
            return _without_statement(name, look, "")
        is_known = look.stamp == before.stamp
        if is_known and before.refused_version:
            if time.monotonic() < before.retry_at:
                return before
        elif is_known and before.champion:
            return Standing(before.champion, stamp=look.stamp)
        try:
            champion = self._loader.by_alias(name)
        except (AssayError, OSError) as error:
            kept = self._instead(name, before)
            problem = f"version {look.version} was refused: {error}"
            if kept is not None:
                problem += f"; version {kept.version} answers on"
            self._on_refusal(name, look.version)
            retry_at = _retry_at([error])
            return Standing(kept, problem, look.version, retry_at, look.stamp)
        return Standing(champion, stamp=look.stamp)

    def _offline(self, name: str, before: Standing) -> Standing:
        champion, refused = before.champion, ""
        if champion is None:
            try:
                champion = self._loader.last_good(name)
            except (AssayError, OSError) as error:
                refused = f"; the cached version was refused: {error}"
        return replace(
            before,
            champion=champion,
            problem=_out_of_reach(champion) + refused,
            retry_at=0.0,
        )


def _without_statement(name: str, look: Look | None, problem: str) -> Standing:
    """Return the standing of a model of which nobody signed who answers."""
    if look is None:
        told = (
            "the registry is out of reach and no version is in the cache that a signed "
            "statement names; start the registry"
        )
    elif look.version:
        told = (
            f"the alias 'champion' is on version {look.version}, and no signed "
            "statement says that it answers; run 'assay run promote-challenger "
            f"--model {name}', which judges a version and signs"
        )
    else:
        told = (
            "it has no champion in the registry; run 'assay run nightly --model "
            f"{name}', or promote a version"
        )
    return Standing(problem="; ".join(filter(None, (problem, told))))


def _out_of_reach(champion: Champion | None) -> str:
    if champion is not None:
        return (
            "the registry is out of reach; the last good version, "
            f"{champion.version}, answers on"
        )
    return (
        "the registry is out of reach and no version is in the cache; start the registry"
    )


def _strayed(alias: str, champion: Served | None) -> str:
    if champion is None or alias == str(champion.version):
        return ""
    return (
        f"the alias 'champion' is on {f'version {alias}' if alias else 'no version'} and "
        f"was moved by hand; version {champion.version}, which was signed, answers on"
    )


def _retry_at(errors: Sequence[Exception]) -> float:
    # What did not arrive may arrive in a moment; what is wrong stays wrong a while.
    may_arrive = any(isinstance(error, SourceError) for error in errors)
    return time.monotonic() + (0.0 if may_arrive else REFUSED_RETRY_SECONDS)
