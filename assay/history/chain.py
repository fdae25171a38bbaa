"""An append-only chain: each link holds the digest of the one before.

A changed, dropped, inserted or swapped link breaks the chain. A tail that was cut off
does not: its last digest must be known from elsewhere (see `assay.history.statement`).

References
----------
Haber, Stornetta, "How to time-stamp a digital document", Journal of Cryptology 3, 1991.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DOMAIN = b"assay chain 1\n"
BEFORE_THE_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a chain.

    Attributes
    ----------
    chain : str
        Name of the chain.
    sequence : int
        1 for the first, one more for each further.
    at : datetime
        When it was appended, in UTC; never before the link before it.
    body : str
        Canonical JSON.
    previous : str
        Digest of the link before; 64 zeros for the first.
    digest : str
        What the link was stored under; `expected_digest` is what its content gives.
    """

    chain: str
    sequence: int
    at: datetime
    body: str
    previous: str
    digest: str

    @property
    def content(self) -> dict[str, Any]:
        """The body, decoded."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def expected_digest(self) -> str:
        """SHA-256 over everything else, 64 hexadecimal digits."""
        parts = (self.chain, self.sequence, moment(self.at), self.body, self.previous)
        return hashlib.sha256(DOMAIN + canonical(parts)).hexdigest()


def next_link(
    chain: str, head: Link | None, content: Mapping[str, Any], at: datetime
) -> Link:
    """Return the link that follows `head`; None starts the chain.

    A clock that went back is held at the time of the head.
    """
    at = at.astimezone(UTC)
    made = Link(
        chain=chain,
        sequence=head.sequence + 1 if head else 1,
        at=max(at, head.at) if head else at,
        body=canonical(content).decode(),
        previous=head.digest if head else BEFORE_THE_FIRST,
        digest="",
    )
    return Link(
        made.chain, made.sequence, made.at, made.body, made.previous, made.expected_digest
    )


def find_breaks(links: Iterable[Link]) -> list[str]:
    """Return what is wrong with a chain, given from its first link on; empty if whole."""
    found: list[str] = []
    before: Link | None = None
    for link in links:
        name = f"entry {link.sequence} of {link.chain}"
        expected = before.sequence + 1 if before else 1
        if link.sequence != expected:
            found.append(f"{name} stands where entry {expected} belongs")
        if link.digest != link.expected_digest:
            found.append(f"{name} was altered: its content gives another digest")
        if link.previous != (before.digest if before else BEFORE_THE_FIRST):
            found.append(f"{name} does not follow the entry before it")
        if before and (link.at < before.at or link.chain != before.chain):
            found.append(f"{name} is older than the entry before it, or of another chain")
        before = link
    return found


def canonical(content: Any) -> bytes:  # noqa: ANN401 # whatever JSON holds
    """Return the one JSON text of a content: sorted keys, no spaces, no NaN."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def moment(at: datetime) -> str:
    """Return a time as text of fixed width, so that texts sort as times do.

    Examples
    --------
    >>> moment(datetime(2026, 11, 21, 2, tzinfo=UTC))
    '2026-11-21T02:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_moment(text: str) -> datetime:
    """Return the time that `moment` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
