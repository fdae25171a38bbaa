"""Which requests a canary answers: always the same for the same entity."""

from __future__ import annotations

import hashlib

DOMAIN = b"assay canary 1\n"


def entity_text(identifier: object) -> str | None:
    """Return an identifier as the text that is hashed; None where there is none.

    A whole number reads the same whether JSON gave it as an integer or as a float.

    Examples
    --------
    >>> entity_text("A-1"), entity_text(7.0), entity_text(None)
    ('A-1', '7', None)
    """
    if identifier is None or identifier == "":
        return None
    if isinstance(identifier, float) and identifier.is_integer():
        return str(int(identifier))
    return str(identifier)


def entity_position(entity: str, canary_digest: str) -> float:
    """Return where a hash puts an entity, uniform in [0, 1).

    Parameters
    ----------
    entity : str
        What the request is about, such as an applicant's number.
    canary_digest : str
        Digest of the canary's bundle, so that another canary gets other entities.

    Examples
    --------
    >>> entity_position("a-1", "0" * 64) == entity_position("a-1", "0" * 64)
    True
    """
    named = DOMAIN + f"{canary_digest}\n{entity}".encode()
    # 53 bits, what a float holds: more could round to 1.
    first = int.from_bytes(hashlib.sha256(named).digest()[:8], "big") >> 11
    return float(first) * 2.0**-53


def goes_to_canary(entity: str, canary_digest: str, share: float) -> bool:
    """Return True if the canary answers this entity.

    A larger share keeps every entity of a smaller one.
    """
    return entity_position(entity, canary_digest) < share
