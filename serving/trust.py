"""Whose bundles may decide: those that the platform's key signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assay.bundle import check_signature, trusted_keys


@dataclass(frozen=True, slots=True)
class Trust:
    """The rule about signatures.

    Attributes
    ----------
    is_required : bool
        Whether an unsigned bundle is refused; False looks at no signature at all.
    named : str
        Public keys or files of them, from the settings.
    ordinary : Path
        File that is read where `named` is empty.
    """

    is_required: bool
    named: str
    ordinary: Path

    def check(self, signature: str, digest: str) -> None:
        """Return if the bundle may decide.

        The keys are read anew each time: a key that is added or taken away counts from
        the next bundle on, without a restart.

        Raises
        ------
        BundleError
            If no trusted key signed the digest.
        ConfigError
            If the keys cannot be read.
        """
        if self.is_required:
            check_signature(signature, digest, self.keys())

    def keys(self) -> tuple[bytes, ...]:
        """Return the public keys that are trusted now, 32 bytes each.

        Raises
        ------
        ConfigError
            If they cannot be read.
        """
        return trusted_keys(self.named, self.ordinary)
