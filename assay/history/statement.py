"""What the platform tells its servers: the newest entry's traffic, signed.

A server follows nothing else. An alias that was moved by hand, an edited statement, an
old one put back: the server stays with the last that was signed and says so.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from assay.errors import RegistryError
from assay.history.chain import Link, canonical
from assay.history.entry import CHAMPIONS, entry_of
from assay.history.traffic import Traffic, read_traffic, traffic_content

DOMAIN = b"assay champion 1\n"
STATEMENT_TAG = "assay.champion."
"""Tags of the registered model that carry statements; the entry's number follows."""
ANEW = (
    "restore history and registry, or, if the platform was set up anew, remove "
    "bundles/MODEL.statement from the home of each server and restart it"
)
PublicKeys: TypeAlias = bytes | Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Statement:
    """Who answers a model's requests, as of one entry of its history."""

    model_name: str
    sequence: int
    entry_digest: str
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Followed:
    """The statement that a server stays with, and what was wrong with a newer one."""

    statement: Statement | None
    problem: str = ""


def statement_text(link: Link, sign: Callable[[bytes], bytes]) -> str:
    """Return the signed statement of a history's newest link.

    Parameters
    ----------
    link : Link
        The newest link.
    sign : callable
        From bytes to their Ed25519 signature, 64 bytes, with the platform's key.
    """
    content: dict[str, Any] = {
        "model_name": link.chain.removeprefix(CHAMPIONS),
        "sequence": link.sequence,
        "entry_digest": link.digest,
        "traffic": traffic_content(entry_of(link).traffic),
    }
    signature = sign(DOMAIN + canonical(content)).hex()
    return canonical({"statement": content, "signature": signature}).decode()


def read_statement(text: str, public: PublicKeys) -> Statement:
    """Return a statement whose signature was checked.

    Parameters
    ----------
    text : str
        What `statement_text` wrote.
    public : bytes, or sequence of bytes
        The platform's public key, 32 bytes, or several of which one must have signed.

    Raises
    ------
    RegistryError
        If it does not read, or the platform did not sign it.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        whole = json.loads(text)
        content, signature = whole["statement"], bytes.fromhex(whole["signature"])
        _check_signed(signature, DOMAIN + canonical(content), public)
        return Statement(
            model_name=str(content["model_name"]),
            sequence=int(content["sequence"]),
            entry_digest=str(content["entry_digest"]),
            traffic=read_traffic(content["traffic"]),
        )
    except InvalidSignature as error:
        raise RegistryError(
            "the statement of who is champion is not signed by this platform; it was "
            "edited, or comes from another platform: run 'assay run check-champions'"
        ) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise RegistryError(
            f"the statement of who is champion does not read ({error}); "
            "run 'assay run check-champions'"
        ) from error


def follow(
    before: Statement | None, model_name: str, texts: Iterable[str], public: PublicKeys
) -> Followed:
    """Return the statement to follow, given the one before and what the registry holds.

    It fails towards what was signed before: a statement that is missing, forged, another
    model's or older is not followed, and the reason is given.

    Parameters
    ----------
    before : Statement or None
        What is followed now.
    model_name : str
        The model.
    texts : iterable of str
        Every statement in the registry; the one of the highest number counts.
    public : bytes, or sequence of bytes
        The platform's public key, 32 bytes, or several of which one must have signed.
    """
    found: list[Statement] = []
    problems: list[str] = []
    for text in texts:
        try:
            found.append(read_statement(text, public))
        except RegistryError as error:
            problems.append(str(error))
    chosen = newest(before, model_name, found)
    return Followed(chosen.statement, "; ".join([*problems, chosen.problem]).strip("; "))


def newest(
    before: Statement | None, model_name: str, found: Sequence[Statement]
) -> Followed:
    """Return the statement to follow among those whose signature was checked."""
    ours = [each for each in found if each.model_name == model_name]
    if not ours:
        gone = "the registry no longer says who is champion" if before else ""
        return Followed(before, gone)
    last = max(ours, key=lambda each: each.sequence)
    if before is None or last.sequence > before.sequence:
        return Followed(last)
    if last.sequence < before.sequence:
        return Followed(
            before,
            f"the registry's newest statement is entry {last.sequence}; entry "
            f"{before.sequence} was signed already: {ANEW}",
        )
    if last.entry_digest != before.entry_digest:
        return Followed(before, f"there are two entries {last.sequence}: {ANEW}")
    return Followed(before)


def _check_signed(signature: bytes, content: bytes, public: PublicKeys) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in (public,) if isinstance(public, bytes) else public:
        with contextlib.suppress(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
            return
    raise InvalidSignature
