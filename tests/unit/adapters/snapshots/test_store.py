"""Snapshots: same rows same name, whole or not there, refused where altered."""

import json
import subprocess
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay.adapters.snapshots import SnapshotStore, lineage_of, read_snapshot
from assay.contract import read_contract
from assay.errors import ConfigError, SourceError
from assay.quality.rows import assess_rows
from assay.settings import Settings
from assay.simulate.lender import simulate_lender

CONTRACT = read_contract(Path(__file__).parents[3] / "data/contracts/credit_default.toml")
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
LINEAGE = {"source": "simulate:lender", "code_revision": "abc", "as_of": AS_OF}


@pytest.fixture(scope="module")
def quality():
    world = simulate_lender(
        n_applicants=400,
        start=date(2026, 1, 1),
        days=150,
        seed=3,
        dirty_share=0.1,
        as_of=AS_OF,
    )
    return assess_rows(world.frame, CONTRACT, as_of=AS_OF)


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(Settings(_env_file=None, home=tmp_path / "home"))


def _files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_snapshot_gives_back_exactly_what_was_kept(store, quality):
    kept = store.write(quality.accepted, CONTRACT, LINEAGE)
    pd.testing.assert_frame_equal(read_snapshot(kept.uri), quality.accepted)
    some = ["age", "applied_at"]
    pd.testing.assert_frame_equal(read_snapshot(kept.uri, some), quality.accepted[some])
    assert (kept.n_rows, kept.as_of) == (len(quality.accepted), AS_OF)
    with pytest.raises(ConfigError, match="no columns wage; it has application_id"):
        read_snapshot(kept.uri, ["wage"])


def test_the_same_rows_have_the_same_name_and_are_written_once(store, quality, tmp_path):
    first = store.write(quality.accepted, CONTRACT, LINEAGE)
    written = Path(first.uri).stat().st_mtime_ns
    again = store.write(quality.accepted.copy(), CONTRACT, {**LINEAGE, "source": "other"})
    assert (first.is_new, again.is_new) == (True, False)
    assert again.snapshot_id == first.snapshot_id
    assert Path(first.uri).stat().st_mtime_ns == written
    assert [entry["source"] for entry in lineage_of(first.uri)] == [
        "simulate:lender",
        "other",
    ]
    elsewhere = SnapshotStore(Settings(_env_file=None, home=tmp_path / "elsewhere"))
    assert (
        elsewhere.write(quality.accepted, CONTRACT, {}).snapshot_id == first.snapshot_id
    )


def test_one_changed_value_is_another_snapshot(store, quality):
    changed = quality.accepted.assign(
        age=quality.accepted["age"].where(lambda s: s.index != 7, 99)
    )
    first = store.write(quality.accepted, CONTRACT, LINEAGE)
    second = store.write(changed, CONTRACT, LINEAGE)
    assert first.snapshot_id != second.snapshot_id
    assert store.newest("credit_default").snapshot_id == second.snapshot_id
    store.write(quality.accepted, CONTRACT, LINEAGE)
    assert store.newest("credit_default").snapshot_id == first.snapshot_id
    assert store.find(second.uri).n_rows == len(changed)


def test_a_model_without_a_snapshot_is_named(store):
    with pytest.raises(SourceError, match="'credit_default' has no snapshot"):
        store.newest("credit_default")
    with pytest.raises(SourceError, match="no snapshot"):
        read_snapshot(str(store.settings.snapshot_store / "credit_default" / "x.parquet"))


def test_an_altered_snapshot_is_refused_and_a_lost_one_is_fetched(store, quality):
    kept = store.write(quality.accepted, CONTRACT, LINEAGE)
    path = Path(kept.uri)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(SourceError, match="was altered"):
        read_snapshot(kept.uri)
    with pytest.raises(SourceError, match="was altered"):
        store.write(quality.accepted, CONTRACT, LINEAGE)
    path.unlink()
    for cached in (store.settings.snapshot_store / ".dvc/cache").rglob("*"):
        if cached.is_file():
            cached.unlink()
    pd.testing.assert_frame_equal(read_snapshot(kept.uri), quality.accepted)


def test_refused_rows_lose_no_value(store, quality):
    kept = store.write_quarantine(quality.quarantined, CONTRACT, LINEAGE)
    back = read_snapshot(kept.uri)
    assert len(back) == len(quality.quarantined) == kept.n_rows
    assert back["reasons"].tolist() == quality.quarantined["reasons"].tolist()
    assert back["row"].tolist() == quality.quarantined["row"].tolist()
    spoilt = quality.quarantined["reasons"] == "income:not_a_number"
    assert set(back["income"][spoilt]) == {"about 40k"}
    endless = quality.quarantined["reasons"] == "interest_rate:not_finite"
    assert set(back["interest_rate"][endless]) == {"inf"}
    assert back["loan_amount"].isna().tolist() == (
        quality.quarantined["loan_amount"].isna().tolist()
    )


def test_values_of_several_types_stand_side_by_side_in_quarantine(store):
    rows = pd.DataFrame(
        {
            "x": [
                2**63,
                "\ud800",
                1.5,
                None,
                pd.Timestamp("2026-01-01", tz="UTC"),
                np.inf,
            ],
            "row": range(6),
            "reasons": "x:not_a_number",
        }
    )
    kept = store.write_quarantine(rows, CONTRACT, LINEAGE)
    assert read_snapshot(kept.uri)["x"].tolist() == [
        "9223372036854775808",
        "\\ud800",
        "1.5",
        None,
        "2026-01-01T00:00:00+00:00",
        "inf",
    ]


def test_lineage_says_where_rows_came_from(store, quality):
    kept = store.write(quality.accepted, CONTRACT, {**LINEAGE, "n_received": 400})
    (entry,) = json.loads(Path(kept.lineage_uri).read_text())
    assert entry["contract_digest"] == CONTRACT.digest
    assert entry["snapshot_id"] == kept.snapshot_id
    assert (entry["n_received"], entry["as_of"]) == (400, "2026-06-01T00:00:00+00:00")


def test_an_all_missing_and_an_empty_table_keep_their_types(store, quality):
    frame = quality.accepted.assign(purpose=pd.Series([None] * len(quality.accepted)))
    kept = store.write(frame.head(0), CONTRACT, LINEAGE)
    assert read_snapshot(kept.uri).dtypes.to_dict() == frame.dtypes.to_dict()


def test_writers_at_the_same_time_leave_one_whole_snapshot(store, quality):
    found, threads = [], []
    for _ in range(3):
        threads.append(
            threading.Thread(
                target=lambda: found.append(
                    store.write(quality.accepted, CONTRACT, LINEAGE)
                )
            )
        )
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len({one.snapshot_id for one in found}) == 1
    assert sum(one.is_new for one in found) == 1
    assert len(lineage_of(found[0].uri)) == 3


def test_a_remote_that_refuses_is_named_and_writing_again_completes(quality, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    settings = Settings(
        _env_file=None, home=tmp_path / "home", snapshot_remote=str(blocked / "remote")
    )
    store = SnapshotStore(settings)
    with pytest.raises(SourceError, match="check ASSAY_SNAPSHOT_REMOTE"):
        store.write(quality.accepted, CONTRACT, LINEAGE)
    blocked.unlink()
    kept = store.write(quality.accepted, CONTRACT, LINEAGE)
    assert not kept.is_new
    assert any((blocked / "remote").rglob("*"))


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 # the system's


def test_a_full_disk_leaves_nothing_half_written(tiny_disk, quality, tmp_path):
    rows = pd.concat([quality.accepted] * 8, ignore_index=True)
    rows["income"] += np.random.default_rng(0).random(len(rows))
    home = tmp_path / "home"
    home.mkdir()
    (home / "snapshots").symlink_to(tiny_disk, target_is_directory=True)
    store = SnapshotStore(Settings(_env_file=None, home=home))
    with pytest.raises(SourceError):
        store.write(rows, CONTRACT, LINEAGE)
    left = [name for name in _files(tiny_disk) if "parquet" in name or "partial" in name]
    assert left == []


def test_a_folder_that_cannot_be_written_is_named(quality, tmp_path):
    home = tmp_path / "home"
    home.write_text("a file where the folder should be")
    store = SnapshotStore(Settings(_env_file=None, home=home))
    with pytest.raises(SourceError, match="cannot write in"):
        store.write(quality.accepted, CONTRACT, LINEAGE)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_snapshots_go_to_an_object_store_and_come_back(quality, tmp_path, monkeypatch):
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer

    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        bucket = boto3.client("s3", endpoint_url=endpoint)
        bucket.create_bucket(Bucket="assay")
        settings = Settings(
            _env_file=None,
            home=tmp_path,
            snapshot_remote="s3://assay/snapshots",
            s3_endpoint=endpoint,
        )
        kept = SnapshotStore(settings).write(quality.accepted, CONTRACT, LINEAGE)
        listed = bucket.list_objects_v2(Bucket="assay")["Contents"]
        assert any(entry["Key"].startswith("snapshots/") for entry in listed)
        Path(kept.uri).unlink()
        for cached in (settings.snapshot_store / ".dvc/cache").rglob("*"):
            if cached.is_file():
                cached.unlink()
        pd.testing.assert_frame_equal(read_snapshot(kept.uri), quality.accepted)
        bucket.close()
    finally:
        server.stop()
