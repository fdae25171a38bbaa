"""Servers follow what was signed: stop, rollback, canary, shadow, and no moved alias."""

from dataclasses import replace

import pytest

from assay.history.traffic import Served, resumed, stopped, with_canary, with_shadow
from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.problems import Problem
from serving.registry import MlflowRegistry
from serving.trust import Trust


@pytest.fixture
def start(settings, trust):
    """Return a function that makes the catalogue of a freshly started server."""

    def make(rule: Trust = trust) -> Catalogue:
        client = MlflowRegistry(settings.mlflow_tracking, 2.0)
        catalogue = Catalogue(client, BundleCache(settings.bundle_cache), ["tiny"], rule)
        catalogue.refresh()
        return catalogue

    return make


def answers(catalogue: Catalogue) -> str | None:
    champion = catalogue.standings["tiny"].champion
    return champion.version if champion else None


def problem(catalogue: Catalogue) -> str:
    return catalogue.standings["tiny"].problem


def test_a_stopped_model_says_why_and_is_still_ready(start, registry, make_bundle):
    registry.register(1, make_bundle())
    catalogue = start()
    before = catalogue.champion("tiny")
    registry.state(lambda traffic: stopped(traffic, "fraud ring"))
    catalogue.refresh()
    with pytest.raises(Problem, match="it was stopped: fraud ring") as caught:
        catalogue.champion("tiny")
    assert caught.value.status == 503
    assert catalogue.is_ready
    registry.state(resumed)
    registry.files.clear()  # it was loaded: nothing is fetched
    catalogue.refresh()
    assert catalogue.champion("tiny") is before
    assert problem(catalogue) == ""


def test_a_stop_holds_over_a_restart_without_the_registry(start, registry, make_bundle):
    registry.register(1, make_bundle())
    registry.state(lambda traffic: stopped(traffic, "fraud ring"))
    start()
    registry.stop()
    again = start()
    assert answers(again) is None
    assert "it was stopped: fraud ring" in problem(again)


@pytest.mark.parametrize("alias", ["2", None])
def test_an_alias_moved_by_hand_changes_nothing_and_is_told(
    start, registry, make_bundle, alias
):
    registry.register(1, make_bundle())
    registry.upload(2, make_bundle(bias=0.5))
    catalogue = start()
    if alias is None:
        registry.champions.clear()
    else:
        registry.champions["tiny"] = registry.versions["tiny", alias]
    catalogue.refresh()
    catalogue.refresh()
    assert answers(catalogue) == "1"
    assert "was moved by hand; version 1, which was signed" in problem(catalogue)
    assert answers(start()) == "1"


def test_an_alias_without_a_statement_is_not_followed_and_says_what_to_do(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    registry.statements.clear()
    catalogue = start()
    assert answers(catalogue) is None
    assert "run 'assay run promote-challenger --model tiny'" in problem(catalogue)
    assert not catalogue.is_ready


def test_where_no_signature_is_required_the_alias_is_followed(
    start, registry, make_bundle, trust
):
    registry.register(1, make_bundle())
    registry.statements.clear()
    catalogue = start(replace(trust, is_required=False))
    assert answers(catalogue) == "1"
    registry.champions.clear()
    catalogue.refresh()
    assert answers(catalogue) is None
    registry.stop()
    assert answers(start(replace(trust, is_required=False))) is None


def test_a_version_whose_bundle_was_swapped_in_the_registry_is_refused(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    registry.register(2, make_bundle(bias=0.1))
    other = registry.upload(3, make_bundle(bias=0.2)).bundle_digest
    registry.versions["tiny", "2"]["tags"]["assay.bundle_digest"] = other
    catalogue = start()
    assert answers(catalogue) is None
    assert f"names bundle {other[:12]} for version 2, signed was" in problem(catalogue)


def tried(registry, make_bundle, share=0.3):
    registry.register(1, make_bundle())
    canary = registry.upload(2, make_bundle(bias=0.5))
    registry.state(lambda traffic: with_canary(traffic, canary, share))
    return canary


def test_canary_and_shadow_stand_beside_the_champion_also_without_the_registry(
    start, registry, make_bundle
):
    canary = tried(registry, make_bundle)
    shadow = registry.upload(3, make_bundle(bias=0.7))
    registry.state(lambda traffic: with_shadow(traffic, shadow))
    catalogue = start()
    registry.stop()
    for one in (catalogue, start()):
        champion = one.champion("tiny")
        assert champion.version == "1"
        assert champion.beside.canary.bundle.digest == canary.bundle_digest
        assert champion.beside.canary_share == 0.3
        assert champion.beside.shadow.version == "3"


def test_a_canary_that_is_refused_leaves_the_champion_alone(start, registry, make_bundle):
    registry.register(1, make_bundle())
    broken = registry.upload(2, make_bundle(golden_shift=0.1))
    registry.state(lambda traffic: with_canary(traffic, broken, 0.3))
    catalogue = start()
    assert answers(catalogue) == "1"
    assert catalogue.champion("tiny").beside is None
    assert "version 2 was refused" in problem(catalogue)
    assert "version 1 answers on" in problem(catalogue)


def test_a_champion_that_is_refused_leaves_the_one_before_without_its_canary(
    start, registry, make_bundle
):
    tried(registry, make_bundle)
    catalogue = start()
    registry.register(4, make_bundle(golden_shift=0.1))
    catalogue.refresh()
    assert answers(catalogue) == "1"
    assert catalogue.champion("tiny").beside is None


def test_a_canary_that_was_withdrawn_answers_nobody(start, registry, make_bundle):
    tried(registry, make_bundle)
    catalogue = start()
    registry.state(lambda traffic: replace(traffic, canary=None, canary_share=0.0))
    catalogue.refresh()
    assert catalogue.champion("tiny").beside is None
    assert catalogue.champion("tiny").version == "1"


def test_a_statement_about_a_version_that_there_is_not_is_refused(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    catalogue = start()
    registry.state(lambda traffic: replace(traffic, champion=Served(9, "f" * 64)))
    catalogue.refresh()
    assert answers(catalogue) == "1"
    assert "version 9 was refused" in problem(catalogue)
