"""Only who holds the platform's key can sign a bundle."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from assay.bundle import bundle_signature, check_signature, trusted_keys
from assay.errors import BundleError, ConfigError
from assay.ledger.signing import public_bytes, signing_key

DIGEST = "a" * 64
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(KEY)
SIGNATURE = bundle_signature(KEY, DIGEST)


def test_a_signature_of_the_platforms_key_is_accepted_beside_other_keys():
    other = public_bytes(Ed25519PrivateKey.generate())
    check_signature(SIGNATURE, DIGEST, [other, PUBLIC])


def test_the_signature_is_what_rfc_8032_makes_of_the_words_and_the_digest():
    raw = KEY.sign(b"assay bundle v1\n" + DIGEST.encode())
    assert f"ed25519:{raw.hex()}" == SIGNATURE


def test_a_signature_of_the_digest_alone_is_none_of_a_bundle():
    bare = f"ed25519:{KEY.sign(DIGEST.encode()).hex()}"
    with pytest.raises(BundleError, match="none of 1 trusted keys"):
        check_signature(bare, DIGEST, [PUBLIC])


def test_another_digest_is_refused():
    with pytest.raises(BundleError, match="none of 1 trusted keys signed bundle bbbb"):
        check_signature(SIGNATURE, "b" * 64, [PUBLIC])


def test_another_key_is_refused():
    with pytest.raises(BundleError, match="someone else"):
        check_signature(SIGNATURE, DIGEST, [public_bytes(Ed25519PrivateKey.generate())])


def test_no_signature_and_no_key_are_refused():
    with pytest.raises(BundleError, match="carries no signature"):
        check_signature("", DIGEST, [PUBLIC])
    with pytest.raises(BundleError, match="none of 0 trusted keys"):
        check_signature(SIGNATURE, DIGEST, [])


@given(st.integers(0, 511))
def test_no_flipped_bit_passes(position):
    raw = bytearray.fromhex(SIGNATURE.removeprefix("ed25519:"))
    raw[position // 8] ^= 1 << position % 8
    with pytest.raises(BundleError):
        check_signature(f"ed25519:{raw.hex()}", DIGEST, [PUBLIC])


@pytest.mark.parametrize(
    "text", ["ed25519:", "rsa:" + "0" * 128, "0" * 128, "ed25519:zz"]
)
def test_a_signature_that_does_not_read_is_refused(text):
    with pytest.raises(BundleError, match="does not read"):
        check_signature(text, DIGEST, [PUBLIC])


def test_trusted_keys_are_read_from_digits_and_from_files(tmp_path):
    signing_key(tmp_path / "platform.pem")
    ordinary = tmp_path / "platform.pub"
    (own,) = trusted_keys("", ordinary)
    assert own == public_bytes(signing_key(tmp_path / "platform.pem"))
    both = tmp_path / "both.pub"
    both.write_text(f"{PUBLIC.hex()}\n{own.hex()}\n")
    assert trusted_keys(f"{PUBLIC.hex()}, {both}", ordinary) == (PUBLIC, PUBLIC, own)


@pytest.mark.parametrize("content", ["", "not a key\n", "ab" * 31, f"{'ab' * 32}\nzz\n"])
def test_a_file_that_holds_something_else_is_an_error(tmp_path, content):
    file = tmp_path / "some.pub"
    file.write_text(content)
    with pytest.raises(ConfigError, match="no public key of 64"):
        trusted_keys(str(file), file)


def test_a_file_that_is_not_there_says_what_makes_it(tmp_path):
    with pytest.raises(ConfigError, match="make run"):
        trusted_keys("", tmp_path / "platform.pub")
