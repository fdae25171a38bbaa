"""The key that signs checkpoints: Ed25519, in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import LedgerError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def signing_key(file: Path) -> Ed25519PrivateKey:
    """Return the key in `file`, made with mode 0600 where there is none.

    Its public half stands beside it, 64 hexadecimal digits with the suffix ``.pub``.

    Raises
    ------
    LedgerError
        If others may read the file, or it holds no such key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not file.exists():
        _make(file)
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise LedgerError(
            f"{file} has mode {mode:o}; others may read it: chmod 600 {file}"
        )
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        raise LedgerError(f"{file} holds no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError(f"{file} holds no Ed25519 key")
    _write_public(file.with_suffix(".pub"), public_bytes(key).hex() + "\n")
    return key


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the public half, 32 bytes."""
    from cryptography.hazmat.primitives import serialization

    raw = serialization.Encoding.Raw
    return key.public_key().public_bytes(raw, serialization.PublicFormat.Raw)


def read_public(file: Path) -> bytes:
    """Return the public key in a file of 64 hexadecimal digits.

    Raises
    ------
    LedgerError
        If it cannot be read.
    """
    try:
        public = bytes.fromhex(file.read_text().strip())
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"no public key in {file} ({error}); the first checkpoint makes one, or name "
            "the file that the owner of the ledger gave you"
        ) from error
    if len(public) != 32:
        raise LedgerError(f"{file} holds {len(public)} bytes; a public key has 32")
    return public


def _make(file: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    descriptor = os.open(unfinished, flags, 0o600)
    with os.fdopen(descriptor, "wb") as made:
        made.write(pem)
        made.flush()
        os.fsync(made.fileno())
    # Of two processes that make a key at once the first one's stands, whole.
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, file)
    unfinished.unlink()


def _write_public(file: Path, text: str) -> None:
    if file.exists() and file.read_text() == text:
        return
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(file)
