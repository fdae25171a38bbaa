"""A bundle's signature in the format of OpenSSF model signing, for others' verifiers.

The format is a Sigstore bundle around a DSSE envelope around an in-toto statement that
lists every file with its SHA-256. Its reference verifier knows elliptic curve keys of
NIST and no Ed25519, so that the export has a P-256 key of its own; what decides inside
the platform are the people's Ed25519 signatures.

References
----------
OpenSSF, "Model signing specification", 2025 (predicate model_signing/signature/v1.0);
Secure Systems Lab, "DSSE: Dead Simple Signing Envelope", version 1.0.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SIGNATURE_FILE = "model.sig"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def model_statement(model_name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the in-toto statement about a folder.

    Parameters
    ----------
    model_name : str
        Name of the folder, which is the statement's subject.
    files : mapping of str to str
        SHA-256 of every file by its name, 64 hexadecimal digits each.
    """
    names = sorted(files)
    root = hashlib.sha256(b"".join(bytes.fromhex(files[name]) for name in names))
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": model_name, "digest": {"sha256": root.hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_FILE],
            },
            "resources": [
                {"name": name, "algorithm": "sha256", "digest": files[name]}
                for name in names
            ],
        },
    }


def signed_model(
    model_name: str, files: Mapping[str, str], key: EllipticCurvePrivateKey
) -> str:
    """Return the text of the file ``model.sig``.

    Parameters
    ----------
    model_name, files
        As of `model_statement`.
    key : EllipticCurvePrivateKey
        On the curve P-256.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    payload = json.dumps(model_statement(model_name, files)).encode()
    signature = key.sign(pre_authentication(payload), ECDSA(hashes.SHA256()))
    return json.dumps(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "publicKey": {"hint": hashlib.sha256(public_pem(key)).hexdigest()},
                "tlogEntries": [],
            },
            "dsseEnvelope": {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [
                    {"sig": base64.b64encode(signature).decode(), "keyid": ""}
                ],
            },
        }
    )


def pre_authentication(payload: bytes) -> bytes:
    """Return the bytes that DSSE signs: type and payload, each after its length."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def public_pem(key: EllipticCurvePrivateKey) -> bytes:
    """Return the public half as PEM, which verifiers read."""
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(
        serialization.Encoding.PEM,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
