"""What is counted is what Prometheus' own parser reads."""

import json
import threading
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.boundary.exposition import MEANINGS, exposition
from serving.boundary.metrics import MOST_SERIES, SECONDS, Metrics


@pytest.fixture
def version_of(contract):
    """Return a function that makes what decides for a model of some name."""
    return lambda name: SimpleNamespace(model_name=name, version="1", contract=contract)


def parsed(text):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_histogram_is_cumulative_and_its_bounds_are_inclusive():
    metrics = Metrics()
    for seconds in (0.0005, 0.0006, 0.02, 99.0):
        metrics.request("score", "tiny", 200, seconds)
    found = parsed(exposition({"w": metrics.snapshot()}))
    labels = (("model", "tiny"), ("route", "score"), ("worker", "w"))

    def bucket(bound):
        key = tuple(sorted((*labels, ("le", bound))))
        return found["assay_request_seconds_bucket", key]

    assert [bucket(b) for b in ("0.0005", "0.001", "0.025", "10", "+Inf")] == [
        *(1, 2, 3, 3, 4)
    ]
    assert found["assay_request_seconds_count", labels] == 4
    assert found["assay_request_seconds_sum", labels] == pytest.approx(99.0211)
    assert len(SECONDS) == 13


def test_labels_with_any_character_come_back_as_they_were(version_of):
    metrics = Metrics()
    odd = 'a "quoted"\\ name\nwith a line'
    metrics.decided(version_of(odd), True, 3)
    found = parsed(exposition({"w": metrics.snapshot()}))
    key = (("model", odd), ("outcome", "decline"), ("version", "1"), ("worker", "w"))
    assert found["assay_decisions_total", key] == 3


def test_workers_stand_beside_each_other_and_a_snapshot_is_json():
    one, two = Metrics(), Metrics()
    one.committed(0.002)
    one.committed(0.003)
    two.committed(0.004)
    two.ledger_lag(7)
    snapshots = {"a": json.loads(json.dumps(one.snapshot())), "b": two.snapshot()}
    text = exposition(snapshots)
    found = parsed(text)
    assert found["assay_ledger_commit_seconds_count", (("worker", "a"),)] == 2
    assert found["assay_ledger_commit_seconds_count", (("worker", "b"),)] == 1
    assert found["assay_ledger_lag_records", (("worker", "b"),)] == 7
    assert text.count("# TYPE assay_ledger_commit_seconds histogram") == 1


def test_refused_values_are_counted_by_field_and_no_caller_makes_a_label():
    metrics = Metrics()
    metrics.refused(
        "tiny",
        [
            {"field": "income", "rule": "below_minimum", "given": 12},
            {"field": "income", "rule": "below_minimum", "given": 13},
            {"field": "invented-4711", "rule": "unknown_field"},
        ],
    )
    text = exposition({"w": metrics.snapshot()})
    assert "4711" not in text
    found = parsed(text)
    key = (("field", "income"), ("model", "tiny"), ("rule", "below_minimum"))
    assert found["assay_refused_values_total", (*key, ("worker", "w"))] == 2


def test_memory_is_bounded_whatever_the_labels():
    metrics = Metrics()
    for n in range(MOST_SERIES + 500):
        metrics.bundle_refused("tiny", str(n))
    assert len(metrics.snapshot()["counters"]) == MOST_SERIES
    metrics.bundle_refused("tiny", "0")
    counts = {
        dict(labels)["version"]: n for _, labels, n in metrics.snapshot()["counters"]
    }
    assert counts["0"] == 2


def test_threads_lose_no_count():
    metrics = Metrics()

    def work():
        for _ in range(5_000):
            metrics.bundle_refused("tiny", "1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.snapshot()["counters"][0][2] == 20_000


def test_series_that_are_gone_are_gone():
    metrics = Metrics()
    metrics.replace_gauges("assay_champion_info", {(("model", "a"),): 1.0})
    metrics.gauge("assay_requests_in_flight", 2)
    metrics.replace_gauges("assay_champion_info", {(("model", "b"),): 1.0})
    text = exposition({"w": metrics.snapshot()})
    assert 'model="a"' not in text
    assert "assay_requests_in_flight" in text


def test_every_metric_has_a_meaning(version_of):
    metrics = Metrics()
    metrics.request("score", "tiny", 200, 0.1)
    metrics.turned_away("rate")
    metrics.decided(version_of("tiny"), False)
    metrics.refused("tiny", [{"field": "income", "rule": "missing"}])
    metrics.bundle_refused("tiny", "2")
    metrics.committed(0.1)
    metrics.ledger_lag(0)
    names = {entry[0] for part in metrics.snapshot().values() for entry in part}
    assert names <= set(MEANINGS)
    assert len(names) == 8


def test_decisions_on_many_rows_are_counted_by_outcome(version_of):
    metrics = Metrics()
    metrics.decided_all(version_of("tiny"), [True, False, False])
    metrics.decided_all(version_of("tiny"), [])
    found = {
        dict(labels)["outcome"]: n for _, labels, n in metrics.snapshot()["counters"]
    }
    assert found == {"decline": 1, "approve": 2}
