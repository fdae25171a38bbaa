"""People's keys: whose they are, what they may sign for, whether they still count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from assay.errors import ConfigError

Role: TypeAlias = Literal["developer", "validator", "auditor"]
ROLES: tuple[Role, ...] = ("developer", "validator", "auditor")
DOMAIN = b"assay key 1\n"


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The public half of a person's key.

    Attributes
    ----------
    key_id : str
        16 hexadecimal digits that follow from the key.
    owner : str
        Identity of the person.
    role : Role
        What the person signs as with it.
    public : bytes
        Ed25519, 32 bytes.
    added_at : datetime
        When it was registered, in UTC.
    revoked_at : datetime or None
        When it was revoked; None while it counts.
    revoked_because : str
        Why; empty while it counts.
    """

    key_id: str
    owner: str
    role: Role
    public: bytes
    added_at: datetime
    revoked_at: datetime | None = None
    revoked_because: str = ""


def key_id_of(public: bytes) -> str:
    """Return the name of a public key, 16 hexadecimal digits."""
    return hashlib.sha256(DOMAIN + public).hexdigest()[:16]


def key_added(
    known: Mapping[str, SignerKey], owner: str, role: Role, public: bytes
) -> dict[str, Any]:
    """Return the entry that registers a key.

    Raises
    ------
    ConfigError
        If it is no public key, is registered already, or has no owner.
    """
    if len(public) != 32:
        raise ConfigError(f"a public key has 32 bytes, this one {len(public)}")
    if not owner.strip():
        raise ConfigError("a key needs an owner: the identity of the person who signs")
    if role not in ROLES:
        raise ConfigError(f"no role {role!r}; there are {', '.join(ROLES)}")
    key_id = key_id_of(public)
    if key_id in known:
        raise ConfigError(f"key {key_id} is registered already")
    return {
        "event": "added",
        "key_id": key_id,
        "owner": owner.strip(),
        "role": role,
        "public": public.hex(),
    }


def key_revoked(
    known: Mapping[str, SignerKey], key_id: str, because: str
) -> dict[str, Any]:
    """Return the entry that revokes a key.

    Raises
    ------
    ConfigError
        If there is no such key, it is revoked already, or no reason is given.
    """
    key = known.get(key_id)
    if key is None or key.revoked_at is not None:
        what = "is revoked already" if key else "is not registered"
        raise ConfigError(f"key {key_id} {what}; 'assay keys list' shows them")
    if not because.strip():
        raise ConfigError("a key is revoked with a reason")
    return {"event": "revoked", "key_id": key_id, "because": because.strip()}


def keys_of(events: Iterable[tuple[datetime, Mapping[str, Any]]]) -> dict[str, SignerKey]:
    """Return every key by its id after all entries, given with their times."""
    found: dict[str, SignerKey] = {}
    for at, event in events:
        key_id = str(event["key_id"])
        if event["event"] == "added":
            public = bytes.fromhex(str(event["public"]))
            found[key_id] = SignerKey(
                key_id, str(event["owner"]), event["role"], public, at
            )
        elif key_id in found:
            found[key_id] = replace(
                found[key_id], revoked_at=at, revoked_because=str(event["because"])
            )
    return found
