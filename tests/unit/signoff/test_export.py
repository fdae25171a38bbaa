"""The export verifies with the format's own primitives, written a second time here.

With the reference verifier itself (in an environment of its own):
``model_signing verify key --signature FOLDER/model.sig --public_key PEM FOLDER``.
"""

import base64
import hashlib
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from assay.signoff.export import model_statement, pre_authentication, signed_model

FILES = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("b.json", "a.onnx")}
KEY = ec.generate_private_key(ec.SECP256R1())


def test_the_root_digest_is_over_the_digests_in_the_order_of_names():
    statement = model_statement("bundle", FILES)
    digests = hashlib.sha256(b"a.onnx").digest() + hashlib.sha256(b"b.json").digest()
    [subject] = statement["subject"]
    assert subject["digest"]["sha256"] == hashlib.sha256(digests).hexdigest()
    assert [r["name"] for r in statement["predicate"]["resources"]] == [
        "a.onnx",
        "b.json",
    ]


def test_the_envelope_follows_the_published_example():
    # From the DSSE specification, with this format's payload type in place of its own.
    assert (
        pre_authentication(b"hello world")
        == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"
    )


def test_the_signature_verifies_and_an_edited_statement_does_not():
    envelope = json.loads(signed_model("bundle", FILES, KEY))["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    verify = KEY.public_key().verify
    verify(signature, pre_authentication(payload), ec.ECDSA(hashes.SHA256()))
    assert json.loads(payload) == model_statement("bundle", FILES)
    edited = payload.replace(b"a.onnx", b"c.onnx")
    with pytest.raises(InvalidSignature):
        verify(signature, pre_authentication(edited), ec.ECDSA(hashes.SHA256()))
