"""Personal values of a decision as one AES-256-GCM text, under their subject's key."""

from __future__ import annotations

import base64
import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from assay.contract import Contract
from assay.contract.field import Role
from assay.errors import LedgerError
from assay.ledger.privacy.keys import KeyStore
from assay.ledger.record import Scalar

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
NEVER_OPEN: tuple[Role, ...] = ("identifier", "protected", "label")
"""Roles whose fields stay sealed whatever the caller leaves open."""


class Sealer:
    """Seals personal values; one a process, for its threads.

    Parameters
    ----------
    store : KeyStore
        Where keys are drawn.
    block_keys : int
        Keys drawn at a time: one sync for so many new subjects.
    most_subjects : int
        Subjects whose key is remembered; one that was forgotten gets another.

    Notes
    -----
    A subject can have several keys, from several processes. Erasure finds them all
    through the records, which name their keys.
    """

    def __init__(
        self, store: KeyStore, *, block_keys: int = 1_000, most_subjects: int = 100_000
    ) -> None:
        self._store, self._block_keys = store, block_keys
        self._secret = store.secret()
        self._most_subjects = most_subjects
        self._fresh: Iterator[tuple[str, bytes]] = iter(())
        self._known: OrderedDict[str, tuple[str, str, AESGCM]] = OrderedDict()
        self._lock = threading.Lock()

    def seal_personal(
        self,
        contract: Contract,
        subject: str,
        inputs: Mapping[str, Scalar],
        features: Mapping[str, Scalar] | None = None,
        *,
        open_fields: Collection[str] = (),
    ) -> dict[str, Scalar]:
        """Return what a record holds as `inputs` in place of personal values.

        Parameters
        ----------
        contract : Contract
            Of the model; names it, and says which fields never stay open.
        subject : str
            Who the decision is about: the caller's own name for the person.
        inputs : mapping
            What was received.
        features : mapping, optional
            What the graph was fed: it goes into the same text, and the record's own
            `features` is then to be left empty, since it would say the same openly.
        open_fields : collection of str
            Inputs that stay readable, such as a product's terms. Identifying and
            protected fields stay sealed all the same.

        Returns
        -------
        dict
            The open fields and ``sealed`` (base64 of nonce and text), ``subject`` (a
            pseudonym, the same for the same person) and ``key`` (its address).
        """
        name, address, cipher = self._of(subject)
        closed = {field.name for role in NEVER_OPEN for field in contract.with_role(role)}
        readable = {key for key in open_fields if key not in closed}
        hidden = {key: inputs[key] for key in inputs if key not in readable}
        content = orjson.dumps({"inputs": hidden, "features": dict(features or {})})
        nonce = os.urandom(NONCE_BYTES)
        text = cipher.encrypt(nonce, content, _bound_to(contract.name, name))
        return {
            **{key: inputs[key] for key in inputs if key in readable},
            "sealed": base64.b64encode(nonce + text).decode(),
            "subject": name,
            "key": address,
        }

    def _of(self, subject: str) -> tuple[str, str, AESGCM]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        with self._lock:
            known = self._known.get(subject)
            if known is not None:
                self._known.move_to_end(subject)
                return known
            drawn = next(self._fresh, None)
            if drawn is None:
                self._fresh = self._store.draw(self._block_keys)
                drawn = next(self._fresh)
            address, key = drawn
            known = pseudonym(self._secret, subject), address, AESGCM(key)
            self._known[subject] = known
            if len(self._known) > self._most_subjects:
                self._known.popitem(last=False)
            return known

    def forget(self, subject: str) -> None:
        """Drop a subject's key from memory, as its erasure asks."""
        with self._lock:
            self._known.pop(subject, None)


def pseudonym(secret: bytes, subject: str) -> str:
    """Return the name of a subject in the ledger: HMAC-SHA-256, 32 hexadecimal digits."""
    return hmac.new(secret, subject.encode(), "sha256").hexdigest()[:32]


def open_personal(
    store: KeyStore, model_name: str, sealed: Mapping[str, Any]
) -> dict[str, dict[str, Scalar]] | None:
    """Return sealed ``inputs`` and ``features``, or None where the key was destroyed.

    Parameters
    ----------
    store : KeyStore
        Where the key is.
    model_name : str
        Of the record.
    sealed : mapping
        The record's `inputs`, from `Sealer.seal_personal`.

    Raises
    ------
    LedgerError
        If nothing is sealed there, the key is not this store's, or the text is not what
        was sealed for this model and subject.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if "sealed" not in sealed:
        raise LedgerError("the record has no sealed inputs; they stand in it openly")
    key = store.key(sealed["key"])
    if key is None:
        return None
    try:
        content = base64.b64decode(sealed["sealed"], validate=True)
        opened = AESGCM(key).decrypt(
            content[:NONCE_BYTES],
            content[NONCE_BYTES:],
            _bound_to(model_name, sealed["subject"]),
        )
    except (InvalidTag, ValueError) as error:
        raise LedgerError(
            f"sealed inputs of subject {sealed['subject']} do not open with key "
            f"{sealed['key']}; they were altered or belong to another record"
        ) from error
    found: dict[str, dict[str, Scalar]] = orjson.loads(opened)
    return found


def _readable(contract: Contract, open_fields: Collection[str]) -> frozenset[str]:
    closed = {field.name for role in NEVER_OPEN for field in contract.with_role(role)}
    return frozenset(open_fields) - closed


def _bound_to(model_name: str, name: str) -> bytes:
    return f"assay personal 1\n{model_name}\n{name}".encode()
