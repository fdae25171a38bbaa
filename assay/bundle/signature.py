"""The platform's signature of a bundle: Ed25519 over its digest.

A digest says that nothing was altered since someone wrote it into the registry. The
signature says who wrote it: only a holder of the platform's private key can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import BundleError, ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE_TAG = "assay.bundle_signature"
"""Tag of a version in the registry that carries its bundle's signature."""
_CONTEXT = b"assay bundle v1\n"
_ALGORITHM = "ed25519"
_SIGNATURE = re.compile(rf"{_ALGORITHM}:[0-9a-f]{{128}}")
_PUBLIC = re.compile(r"[0-9a-f]{64}")


def bundle_signature(key: Ed25519PrivateKey, digest: str) -> str:
    """Return the signature of a bundle's digest, ``ed25519:`` and 128 hex digits.

    Parameters
    ----------
    key : Ed25519PrivateKey
        The platform's private key.
    digest : str
        SHA-256 of the bundle's manifest, which covers its model and every file.

    Notes
    -----
    What is signed begins with words of its own, so that a signature made for another
    purpose with the same key, such as a checkpoint's, is none of a bundle.
    """
    return f"{_ALGORITHM}:{key.sign(_CONTEXT + digest.encode()).hex()}"


def check_signature(signature: str, digest: str, trusted: Iterable[bytes]) -> None:
    """Return if one of the trusted keys signed this digest.

    Parameters
    ----------
    signature : str
        What `bundle_signature` returned; empty where there is none.
    digest : str
        The digest that was found in the bundle, not one that someone claims.
    trusted : iterable of bytes
        Public keys, 32 bytes each.

    Raises
    ------
    BundleError
        If there is no signature, it does not read, or none of the keys made it.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not signature:
        raise BundleError(
            f"bundle {digest[:12]} carries no signature; train or register it again "
            "with the platform's key, or set ASSAY_REQUIRE_SIGNATURE=false on a "
            "machine of development"
        )
    if not _SIGNATURE.fullmatch(signature):
        raise BundleError(
            f"the signature of bundle {digest[:12]} does not read; expected "
            "'ed25519:' and 128 hexadecimal digits"
        )
    raw = bytes.fromhex(signature.partition(":")[2])
    n_keys = 0
    for public in trusted:
        n_keys += 1
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(
                raw, _CONTEXT + digest.encode()
            )
        except InvalidSignature:
            continue
        return
    raise BundleError(
        f"none of {n_keys} trusted keys signed bundle {digest[:12]}; someone else "
        "registered it, or the key is new: check ASSAY_PLATFORM_PUBLIC_KEYS"
    )


def trusted_keys(named: str, ordinary: Path) -> tuple[bytes, ...]:
    """Return the public keys that a setting names.

    Parameters
    ----------
    named : str
        Keys of 64 hexadecimal digits, or files that hold one a line, separated by
        commas; empty means the file `ordinary`.
    ordinary : Path
        Where the platform writes the public half of its own key.

    Raises
    ------
    ConfigError
        If a file cannot be read, or what it or the setting holds is no key.
    """
    found: list[bytes] = []
    items = [each.strip() for each in named.split(",") if each.strip()]
    for item in items or [str(ordinary)]:
        texts = [item] if _is_key(item) else _lines(Path(item))
        wrong = [text for text in texts if not _is_key(text)]
        if wrong or not texts:
            raise ConfigError(
                f"{len(wrong)} of {len(texts)} lines of {item} are no public key of 64 "
                "hexadecimal digits; name the file that ends in .pub"
            )
        found += [bytes.fromhex(text) for text in texts]
    return tuple(found)


def _is_key(item: str) -> bool:
    return _PUBLIC.fullmatch(item) is not None


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"no public key of the platform in {file} ({error}); 'make run' makes one, "
            "or set ASSAY_PLATFORM_PUBLIC_KEYS to the key that signs here"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
