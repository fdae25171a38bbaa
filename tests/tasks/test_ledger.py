"""Labels of the ledger reach their table once, across runs and restarts."""

from __future__ import annotations

import pytest

from assay.adapters.ledger.tables import newest_labels
from assay.errors import LedgerError
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.recovery import segments_of
from assay.settings import Settings
from tasks.ledger import collect_stream


def outcome(request_id, label):
    return entry_bytes(
        {
            "kind": "outcome",
            "request_id": request_id,
            "model": "m",
            "decision": "w:2",
            "label": label,
            "observed_at": "2026-11-21T00:00:00+00:00",
            "is_late": False,
        }
    )


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, database="")


def write(settings, *entries):
    writer = StreamWriter(settings.ledger_folder, "w", segment_bytes=3000)
    for each in entries:
        writer.stage(each)
        writer.commit()
    writer.close()


def labels(settings):
    return {key: row.label for key, row in newest_labels(settings, "m").items()}


def test_each_run_takes_what_is_new_and_the_newest_label_counts(settings):
    folder = settings.ledger_folder / "streams" / "w"
    decision = entry_bytes({"kind": "decision", "request_id": "a", "model": "m"})
    write(settings, decision, outcome("a", 1), *(outcome(f"r{n}", 0) for n in range(30)))
    assert collect_stream(settings, folder) == 31
    assert collect_stream(settings, folder) == 0
    write(settings, outcome("a", 0))
    assert collect_stream(settings, folder) == 1
    assert labels(settings) == {"a": 0, **{f"r{n}": 0 for n in range(30)}}


def test_a_decision_whose_input_looks_like_a_label_is_none(settings):
    trap = {"kind": "decision", "request_id": "a", "inputs": {"kind": "outcome"}}
    write(settings, entry_bytes(trap))
    assert collect_stream(settings, settings.ledger_folder / "streams" / "w") == 0


def test_labels_of_an_altered_stream_are_not_taken(settings):
    write(settings, outcome("a", 1), outcome("b", 1))
    folder = settings.ledger_folder / "streams" / "w"
    (segment,) = segments_of(folder)
    segment.chmod(0o600)
    altered = segment.read_bytes().replace(b'"label":1', b'"label":0', 1)
    segment.write_bytes(altered)
    with pytest.raises(LedgerError, match="does not continue"):
        collect_stream(settings, folder)
    assert labels(settings) == {}
