"""What may be decided about a champion, as changes that refuse by raising."""

from __future__ import annotations

from collections.abc import Sequence

from assay.errors import ConfigError, RegistryError
from assay.history.entry import ChampionEntry, Change
from assay.history.protocol import Decide
from assay.history.traffic import (
    Served,
    Traffic,
    promoted,
    resumed,
    stopped,
    with_canary,
    with_shadow,
    without_canary,
)


def promotion(
    new: Served,
    *,
    judged_against: int | None,
    reasons: tuple[str, ...],
    actor: str,
    authority: str = "",
) -> Decide:
    """Return the change that makes a version the champion.

    It refuses if another version became the champion since the two were compared.
    """

    def decide(head: ChampionEntry | None) -> Change:
        if head is not None and head.version != judged_against:
            raise RegistryError(
                f"version {new.version} was judged against "
                f"{f'version {judged_against}' if judged_against else 'no champion'}, "
                f"and by the history version {head.version} is the champion; run "
                "promote-challenger again, after check-champions if somebody moved the "
                "alias by hand"
            )
        traffic = promoted(head.traffic if head else Traffic(), new)
        return Change("promoted", traffic, actor, reasons, authority)

    return decide


def rollback(
    entries: Sequence[ChampionEntry], version: int | None, *, reason: str, actor: str
) -> Decide:
    """Return the change that gives requests back to a version that had them before.

    Parameters
    ----------
    entries : sequence of ChampionEntry
        The model's history, oldest first.
    version : int or None
        The version; None is the one that the champion replaced when it was promoted.
    reason : str
        Why, for whoever asks later.
    actor : str
        Who rolls back.

    Raises
    ------
    ConfigError
        If no reason is given.
    RegistryError
        If there is no such version in the history.
    """
    if not reason.strip():
        raise ConfigError("a rollback is recorded with its reason; give one")
    target = _target(entries, version)
    expected = entries[-1].sequence

    def decide(head: ChampionEntry | None) -> Change:
        if head is None or head.sequence != expected:
            raise RegistryError(
                "the champion changed just now; look, and roll back again"
            )
        traffic = promoted(head.traffic, target)
        return Change("rolled_back", traffic, actor, (reason.strip(),))

    return decide


def stop(reason: str, actor: str) -> Decide:
    """Return the change after which nobody answers, until somebody resumes."""

    def decide(head: ChampionEntry | None) -> Change:
        traffic = stopped(_standing(head).traffic, reason)
        return Change("stopped", traffic, actor, (traffic.stopped,))

    return decide


def resume(reason: str, actor: str) -> Decide:
    """Return the change after which the champion answers again."""

    def decide(head: ChampionEntry | None) -> Change:
        return Change("resumed", resumed(_standing(head).traffic), actor, (reason,))

    return decide


def canary(new: Served, share: float, actor: str) -> Decide:
    """Return the change that gives a version a share of the requests."""

    def decide(head: ChampionEntry | None) -> Change:
        traffic = with_canary(_standing(head).traffic, new, share)
        told = f"version {new.version} answers {share:.1%} of the requests"
        return Change("canary_started", traffic, actor, (told,))

    return decide


def withdrawal(version: int, reasons: tuple[str, ...], actor: str) -> Decide:
    """Return the change that takes the requests from a canary."""

    def decide(head: ChampionEntry | None) -> Change:
        traffic = _standing(head).traffic
        if traffic.canary is None or traffic.canary.version != version:
            raise RegistryError(f"version {version} is no canary any more")
        return Change("canary_withdrawn", without_canary(traffic), actor, reasons)

    return decide


def shadow(version: Served | None, actor: str) -> Decide:
    """Return the change after which a version, or nobody, is only watched."""

    def decide(head: ChampionEntry | None) -> Change:
        traffic = with_shadow(_standing(head).traffic, version)
        told = f"version {version.version} is watched" if version else "nobody is watched"
        return Change("shadow_set", traffic, actor, (told,))

    return decide


def _standing(head: ChampionEntry | None) -> ChampionEntry:
    if head is None:
        raise RegistryError("the model has no champion; promote a version first")
    return head


def _target(entries: Sequence[ChampionEntry], version: int | None) -> Served:
    """Return a former champion; without a version, what the present one replaced."""
    line: list[Served] = []
    known: dict[int, Served] = {}
    for entry in entries:
        champion = entry.traffic.champion
        if champion is None or (line and line[-1] == champion):
            continue
        known[champion.version] = champion
        if entry.action == "rolled_back" and champion in line:
            del line[line.index(champion) + 1 :]
        else:
            line.append(champion)
    if version is None:
        if len(line) < 2:
            raise RegistryError("there is no champion before this one to roll back to")
        return line[-2]
    if version not in known:
        were = ", ".join(str(each) for each in sorted(known)) or "none"
        raise RegistryError(
            f"version {version} never was the champion; these were: {were}. Promote it "
            "to make it one"
        )
    return known[version]
