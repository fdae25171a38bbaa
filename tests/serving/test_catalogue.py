"""What answers when bundles are broken, the registry is gone or a champion moves."""

import logging

import pytest

from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.problems import Problem
from serving.registry import MlflowRegistry


@pytest.fixture
def start(settings, trust):
    """Return a function that makes the catalogue of a freshly started server."""

    def make() -> Catalogue:
        client = MlflowRegistry(settings.mlflow_tracking, 2.0)
        return Catalogue(client, BundleCache(settings.bundle_cache), ["tiny"], trust)

    return make


def served(catalogue: Catalogue) -> str | None:
    champion = catalogue.standings["tiny"].champion
    return champion.version if champion else None


def problem(catalogue: Catalogue) -> str:
    return catalogue.standings["tiny"].problem


def test_before_the_first_round_nothing_is_ready(start, registry, make_bundle):
    registry.register(1, make_bundle())
    catalogue = start()
    assert not catalogue.is_ready
    with pytest.raises(Problem, match="not been asked yet"):
        catalogue.champion("tiny")
    catalogue.refresh()
    assert catalogue.is_ready
    assert served(catalogue) == "1"


def test_a_model_without_champion_says_what_to_do(start):
    catalogue = start()
    catalogue.refresh()
    with pytest.raises(Problem, match="assay run nightly --model tiny") as caught:
        catalogue.champion("tiny")
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"]
    assert not catalogue.is_ready


def test_a_round_without_news_is_one_small_request(start, registry, make_bundle):
    registry.register(1, make_bundle())
    catalogue = start()
    catalogue.refresh()
    before = registry.n_requests
    champion = catalogue.champion("tiny")
    catalogue.refresh()
    assert registry.n_requests == before + 1
    assert catalogue.champion("tiny") is champion


def test_a_registry_that_was_set_up_anew_is_noticed_though_it_counts_from_one(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    catalogue = start()
    catalogue.refresh()
    anew = make_bundle(bias=0.7)
    registry.register(1, anew)
    catalogue.refresh()
    assert catalogue.champion("tiny").bundle.digest == anew.digest


def tampered(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


FILES = ["manifest.json", "model.onnx", "golden.json", "contract.toml", "card.md"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [tampered, lambda content: content[:-1], None])
def test_a_damaged_bundle_is_refused_and_the_old_one_answers_on(
    start, registry, make_bundle, name, damage, caplog
):
    registry.register(1, make_bundle())
    catalogue = start()
    catalogue.refresh()
    before = catalogue.champion("tiny")
    registry.register(2, make_bundle(bias=0.5))
    path = f"0/models/tiny/2/{name}"
    if damage is None:
        del registry.files[path]
    else:
        registry.files[path] = damage(registry.files[path])
    with caplog.at_level(logging.WARNING, "assay.serving"):
        catalogue.refresh()
    assert catalogue.champion("tiny") is before
    assert "version 2 was refused" in problem(catalogue)
    assert "version 1 answers on" in problem(catalogue)
    assert "version 2 was refused" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"golden_shift": 1e-9}, "golden rows score otherwise"),
        ({"model_name": "other"}, "mixes two models"),
    ],
)
def test_a_bundle_that_disagrees_with_itself_never_answers(
    start, registry, make_bundle, wrong, said
):
    registry.register(1, make_bundle(**wrong))
    catalogue = start()
    catalogue.refresh()
    assert served(catalogue) is None
    assert said in problem(catalogue)
    assert not catalogue.is_ready


def test_a_bundle_of_another_model_is_refused(start, registry, make_bundle):
    registry.register(1, make_bundle(), model="stranger")
    catalogue = start()
    catalogue.refresh()
    assert "holds a bundle of 'tiny'" in catalogue.standings["stranger"].problem


def test_a_refused_version_is_not_fetched_again_at_once(start, registry, make_bundle):
    registry.register(1, make_bundle(golden_shift=0.1))
    catalogue = start()
    catalogue.refresh()
    before = registry.n_requests
    for _ in range(5):
        catalogue.refresh()
    assert registry.n_requests == before + 5


def test_a_good_version_after_a_refused_one_answers(start, registry, make_bundle):
    registry.register(1, make_bundle(golden_shift=0.1))
    catalogue = start()
    catalogue.refresh()
    registry.register(2, make_bundle(bias=0.2))
    catalogue.refresh()
    assert served(catalogue) == "2"
    assert problem(catalogue) == ""


def test_a_rollback_answers_at_once_from_the_cache(start, registry, make_bundle):
    first, second = make_bundle(), make_bundle(bias=0.2)
    registry.register(1, first)
    catalogue = start()
    catalogue.refresh()
    registry.register(2, second)
    catalogue.refresh()
    assert served(catalogue) == "2"
    registry.register(1, first)
    registry.files.clear()
    catalogue.refresh()
    assert served(catalogue) == "1"


def test_without_registry_a_start_serves_the_last_good_bundle(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    start().refresh()
    registry.stop()
    again = start()
    again.refresh()
    assert served(again) == "1"
    assert again.is_ready
    assert "out of reach" in problem(again)
    assert "out of reach" in problem(again)
    registry.start()
    again.refresh()
    assert problem(again) == ""
    assert again.registry_problem == ""


def test_without_registry_and_without_cache_nothing_answers(start, registry):
    registry.stop()
    catalogue = start()
    catalogue.refresh()
    assert not catalogue.is_ready
    with pytest.raises(Problem, match="start the registry"):
        catalogue.champion("tiny")


def test_the_registry_going_away_leaves_the_champion(start, registry, make_bundle):
    registry.register(1, make_bundle())
    catalogue = start()
    catalogue.refresh()
    before = catalogue.champion("tiny")
    registry.stop()
    catalogue.refresh()
    assert catalogue.champion("tiny") is before


def test_a_cached_bundle_that_was_altered_is_not_served_blindly(
    start, registry, make_bundle, settings
):
    made = make_bundle()
    registry.register(1, made)
    start().refresh()
    graph = settings.bundle_cache / "tiny" / made.digest / "model.onnx"
    graph.write_bytes(tampered(graph.read_bytes()))
    registry.stop()
    offline = start()
    offline.refresh()
    assert served(offline) is None
    assert "altered" in problem(offline)
    registry.start()
    offline.refresh()
    assert served(offline) == "1"


def test_a_start_with_a_broken_champion_serves_the_last_good_one(
    start, registry, make_bundle
):
    registry.register(1, make_bundle())
    start().refresh()
    registry.register(2, make_bundle(golden_shift=0.1))
    again = start()
    again.refresh()
    assert served(again) == "1"
    assert "version 2 was refused" in problem(again)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"assay.bundle_digest": "0" * 64},
        {"assay.bundle_digest": "../../etc", "assay.bundle_path": "0/models/tiny/1"},
        {"assay.bundle_digest": "0" * 64, "assay.bundle_path": "0/models/tiny/1"},
    ],
)
def test_tags_that_do_not_fit_are_refused(start, registry, make_bundle, tags):
    registry.register(1, make_bundle())
    registry.champions["tiny"]["tags"] = tags
    catalogue = start()
    catalogue.refresh()
    assert served(catalogue) is None
    assert "version 1 was refused" in problem(catalogue)


def test_a_registered_name_that_is_no_model_name_is_left_alone(
    start, registry, make_bundle
):
    registry.register(1, make_bundle(), model="../escape")
    registry.register(1, make_bundle(), model="Some Other Team")
    catalogue = start()
    catalogue.refresh()
    assert set(catalogue.standings) == {"tiny"}


def test_a_model_that_only_the_registry_knows_is_served(start, registry, make_bundle):
    text = (make_bundle().folder / "contract.toml").read_text()
    renamed = make_bundle(contract_text=text.replace('name = "tiny"', 'name = "drafted"'))
    registry.register(1, renamed, model="drafted")
    catalogue = start()
    catalogue.refresh()
    assert catalogue.champion("drafted").version == "1"


def test_the_cache_keeps_few_bundles_and_no_leftovers(
    start, registry, make_bundle, settings
):
    catalogue = start()
    for version in range(6):
        registry.register(version, make_bundle(bias=version / 10))
        catalogue.refresh()
    left = sorted(path.name for path in (settings.bundle_cache / "tiny").iterdir())
    assert len(left) == 4  # three bundles and the note
    assert catalogue.champion("tiny").bundle.digest in left
    assert "last-good.json" in left


def test_an_answer_that_is_not_mlflows_is_a_registry_out_of_reach(start, registry):
    registry.answer = lambda _: (200, b"<html>a proxy's login page</html>")
    catalogue = start()
    catalogue.refresh()
    assert "did not answer as MLflow does" in catalogue.registry_problem
