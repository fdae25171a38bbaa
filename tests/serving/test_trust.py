"""A champion that the platform did not sign never answers."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import bundle_signature
from assay.ledger.signing import public_bytes
from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.registry import MlflowRegistry
from serving.trust import Trust


@pytest.fixture
def start(settings, trust):
    """Return a function that makes the catalogue of a freshly started server."""
    refused = []

    def make(rule: Trust = trust) -> Catalogue:
        client = MlflowRegistry(settings.mlflow_tracking, 2.0)
        cache = BundleCache(settings.bundle_cache)
        made = Catalogue(client, cache, ["tiny"], rule, lambda *one: refused.append(one))
        made.refusals = refused
        return made

    return make


def served(catalogue):
    champion = catalogue.standings["tiny"].champion
    return champion.version if champion else None


def tags_of(registry):
    return registry.champions["tiny"]["tags"]


def unsigned(registry, _):
    del tags_of(registry)["assay.bundle_signature"]
    return "carries no signature"


def by_a_stranger(registry, bundle):
    stranger = Ed25519PrivateKey.generate()
    tags_of(registry)["assay.bundle_signature"] = bundle_signature(
        stranger, bundle.digest
    )
    return "none of 1 trusted keys"


def of_another_bundle(registry, _):
    tags_of(registry)["assay.bundle_signature"] = bundle_signature(registry.key, "0" * 64)
    return "none of 1 trusted keys"


def torn(registry, _):
    path = next(name for name in registry.files if name.endswith("2/model.onnx"))
    registry.files[path] = registry.files[path][:-7]
    return "1 files of the bundle"


@pytest.mark.parametrize("break_it", [unsigned, by_a_stranger, of_another_bundle, torn])
def test_a_bad_bundle_is_refused_alarmed_and_the_old_version_answers(
    start, registry, make_bundle, break_it
):
    registry.register(1, make_bundle())
    catalogue = start()
    catalogue.refresh()
    second = make_bundle(bias=0.5)
    registry.register(2, second)
    words = break_it(registry, second)
    catalogue.refresh()
    standing = catalogue.standings["tiny"]
    assert served(catalogue) == "1"
    assert standing.refused_version == "2"
    assert words in standing.problem
    assert catalogue.refusals == [("tiny", "2")]
    catalogue.refresh()
    assert catalogue.refusals == [("tiny", "2")]  # not again before its time
    registry.register(3, make_bundle(bias=0.7))
    catalogue.refresh()
    assert served(catalogue) == "3"
    assert catalogue.standings["tiny"].problem == ""


def test_a_cached_bundle_is_checked_again_at_a_start_without_the_registry(
    start, registry, make_bundle, settings
):
    registry.register(1, make_bundle())
    start().refresh()
    registry.stop()
    offline = start()
    offline.refresh()
    assert served(offline) == "1"
    note = settings.bundle_cache / "tiny" / "last-good.json"
    content = json.loads(note.read_text())
    note.write_text(json.dumps({**content, "signature": ""}))
    offline = start()
    offline.refresh()
    assert served(offline) is None
    assert "carries no signature" in offline.standings["tiny"].problem


def test_a_key_that_is_taken_away_counts_from_the_next_bundle_on(
    start, registry, make_bundle, tmp_path
):
    file = tmp_path / "trusted.pub"
    file.write_text(public_bytes(registry.key).hex())
    catalogue = start(Trust(is_required=True, named=str(file), ordinary=file))
    registry.register(1, make_bundle())
    catalogue.refresh()
    assert served(catalogue) == "1"
    file.write_text(public_bytes(Ed25519PrivateKey.generate()).hex())
    registry.register(2, make_bundle(bias=0.3))
    catalogue.refresh()
    assert served(catalogue) == "1"
    file.unlink()
    registry.register(3, make_bundle(bias=0.4))
    catalogue.refresh()
    assert "no public key of the platform" in catalogue.standings["tiny"].problem


def test_development_without_signatures_is_a_setting_that_somebody_made(
    start, registry, make_bundle, settings
):
    assert settings.require_signature is True
    registry.register(1, make_bundle())
    unsigned(registry, None)
    catalogue = start(Trust(is_required=False, named="", ordinary=settings.home))
    catalogue.refresh()
    assert served(catalogue) == "1"
