"""Workers say what they serve, and who differs is named."""

import json
import time

import pytest

from serving.boundary.metrics import Metrics
from serving.cache import BundleCache
from serving.catalogue import Catalogue
from serving.registry import MlflowRegistry
from serving.workers import WorkerBoard


@pytest.fixture
def catalogue(settings, trust):
    """Return the catalogue of one worker."""
    client = MlflowRegistry(settings.mlflow_tracking, 2.0)
    return Catalogue(client, BundleCache(settings.bundle_cache), ["tiny"], trust)


def test_workers_of_one_version_agree_and_one_behind_is_named(
    catalogue, registry, make_bundle, tmp_path
):
    registry.register(9, make_bundle())
    catalogue.refresh()
    behind = WorkerBoard(tmp_path, "c")
    behind.post(catalogue, Metrics())
    assert behind.agreement("tiny")["agree"] is True
    registry.register(10, make_bundle(bias=0.2))
    catalogue.refresh()
    WorkerBoard(tmp_path, "a").post(catalogue, Metrics())
    found = behind.agreement("tiny")
    assert (found["agree"], found["version"]) == (False, "10")  # the newer on a tie
    assert found["disagreeing"] == ["c"]
    behind.post(catalogue, Metrics())
    assert behind.agreement("tiny")["agree"] is True


def test_a_worker_that_refuses_says_so_and_one_that_left_is_not_there(
    catalogue, registry, make_bundle, tmp_path
):
    registry.register(1, make_bundle())
    catalogue.refresh()
    registry.register(2, make_bundle(golden_shift=0.1))
    catalogue.refresh()
    board = WorkerBoard(tmp_path, "a")
    board.post(catalogue, Metrics())
    (entry,) = board.agreement("tiny")["workers"]
    assert (entry["version"], entry["refused_version"]) == ("1", "2")
    assert "golden rows" in entry["problem"]
    board.withdraw()
    found = board.agreement("tiny")
    assert (found["agree"], found["workers"]) == (False, [])


def test_a_silent_worker_is_named_and_one_long_gone_forgotten(catalogue, tmp_path):
    board = WorkerBoard(tmp_path, "a")
    board.post(catalogue, Metrics())
    for name, age in (("b", 30), ("c", 1000)):
        content = json.loads((tmp_path / "a.worker").read_text())
        content["seen"] = time.time() - age
        (tmp_path / f"{name}.worker").write_text(json.dumps(content))
    (tmp_path / "torn.worker").write_text('{"seen": 1')
    found = board.agreement("tiny")
    assert found["disagreeing"] == ["b"]
    assert [entry["worker"] for entry in found["workers"]] == ["a", "b"]
    assert not (tmp_path / "c.worker").exists()


def test_two_processes_are_seen_over_http_with_the_metrics_of_both(
    registry, make_bundle, serve
):
    registry.register(1, make_bundle())
    one, two = serve(), serve()
    one.wait_ready()
    two.wait_ready()
    path = "/v1/models/tiny/workers"
    one.wait(lambda client: len(client.get(path).json()["workers"]) == 2)
    one.wait(lambda client: client.get(path).json()["agree"])
    text = two.client.get("/metrics").text
    reachable = [
        x for x in text.splitlines() if x.startswith("assay_registry_reachable{")
    ]
    assert len(reachable) == 2
    assert all(line.endswith(" 1") for line in reachable)
    assert one.client.get("/v1/models/nobody/workers").status_code == 404
    two.process.terminate()
    two.process.wait(20)
    one.wait(lambda client: len(client.get(path).json()["workers"]) == 1)
