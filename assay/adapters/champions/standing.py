"""Whether history, registry and sign-off agree on who is champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.champions.history import (
    finish_changes,
    history,
    history_breaks,
    newest_entry,
    platform_key_file,
)
from assay.adapters.champions.signoffs import signoff_cases
from assay.adapters.tracking.statements import Statements
from assay.history.statement import follow
from assay.ledger.signing import read_public

if TYPE_CHECKING:
    from assay.settings import Settings


def check_champion(settings: Settings, model_name: str) -> list[str]:
    """Return what is wrong with a model's champion; empty if all agree.

    A change that a crash interrupted is finished first and is no finding. Nothing else is
    repaired: what somebody did by hand is for people to look at.
    """
    found = history_breaks(settings, model_name)
    if found:
        return found  # nothing can be concluded from a history that was altered
    head = newest_entry(settings, model_name)
    registry = Statements(settings)
    aliases = registry.aliases(model_name)
    if head is None:
        if "champion" in aliases:
            found.append(
                f"alias 'champion' is on version {aliases['champion']}, and no version "
                "was ever promoted: it was moved by hand"
            )
        return found
    texts = registry.of(model_name)
    if max(texts, default=0) > head.sequence:
        found.append(
            f"the registry holds a statement about entry {max(texts)}, the history ends "
            f"with entry {head.sequence}: its end was cut off"
        )
        return found
    finish_changes(settings, model_name)
    public = read_public(platform_key_file(settings).with_suffix(".pub"))
    followed = follow(None, model_name, registry.of(model_name).values(), public)
    if followed.problem:
        found.append(followed.problem)
    if followed.statement and followed.statement.entry_digest != head.digest:
        found.append("the registry's statement is not about the history's last entry")
    # Read again: a change that was under way has come to its end.
    aliases, settled = registry.aliases(model_name), newest_entry(settings, model_name)
    if settled == head:
        found += _alias_findings(aliases, head.version, head.traffic.shadow)
    return found + _unsigned(settings, model_name)


def _alias_findings(
    aliases: dict[str, int], champion: int | None, shadow: object
) -> list[str]:
    found = []
    if aliases.get("champion") != champion:
        found.append(
            f"alias 'champion' is on version {aliases.get('champion', 'none')} and was "
            f"moved by hand; servers stay with version {champion}, which was signed: "
            "use 'assay rollback' or promote"
        )
    watched = getattr(shadow, "version", None)
    if aliases.get("shadow") != watched:
        found.append(
            f"alias 'shadow' is on version {aliases.get('shadow', 'none')}, watched is "
            f"{watched or 'nobody'}: it was moved by hand"
        )
    return found


def _unsigned(settings: Settings, model_name: str) -> list[str]:
    """Name promotions that claim a sign-off which did not promote that version."""
    cases = {c.request.request_id: c for c in signoff_cases(settings, model_name)}
    found = []
    for entry in history(settings, model_name):
        name = entry.change.authority
        if entry.action != "promoted" or not name:
            continue
        case = cases.get(name)
        if case is None or case.request.bundle_digest != entry.bundle_digest:
            found.append(f"entry {entry.sequence} names a sign-off that there is not")
    return found
