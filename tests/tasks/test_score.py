"""Batch scoring loses no row, whatever the size of the chunks."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from assay.adapters.sources import iterate_source
from assay.adapters.tracking import VersionRecord
from assay.bundle import Scorer, read_bundle, write_bundle
from assay.errors import DataError
from assay.settings import Settings
from tasks.score import write_scores
from tests.unit.bundle.conftest import tiny_parts

ROWS = pd.DataFrame(
    {
        "income": [0.0, 2.0, 4.0, 1.0, 0.5, -3.0],
        "housing": ["own", "rent", "own", "castle", None, "rent"],
        "name": list("abcdef"),
    }
)


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    return read_bundle(folder, write_bundle(folder, tiny_parts()))


def scores(bundle, rows: Path, output: Path, chunk_rows: int):
    record = VersionRecord("tiny", 3, bundle.digest, "", "", {})
    chunks = iterate_source(
        str(rows), bundle.contract, Settings(home=output.parent), chunk_rows=chunk_rows
    )
    return write_scores(record, bundle, chunks, output, lambda _: None)


def test_rows_outside_the_contract_carry_their_reasons_instead(bundle, tmp_path):
    ROWS.to_parquet(tmp_path / "rows.parquet")
    found = scores(bundle, tmp_path / "rows.parquet", tmp_path / "s.parquet", 100)
    table = pq.read_table(tmp_path / "s.parquet").to_pandas()
    assert (found.n_received, found.n_scored, found.n_refused) == (6, 4, 2)
    assert table["reasons_refused"].tolist()[3:5] == [
        "housing:unknown_category",
        "housing:missing",
    ]
    good = table["probability"].notna()
    expected = Scorer.of(bundle).probabilities(
        {name: ROWS.loc[good, name].tolist() for name in ("income", "housing")}
    )
    assert table.loc[good, "probability"].tolist() == expected.tolist()
    assert table.loc[1, "decision"] == "decline"
    assert table.loc[5, "decision"] == "approve"
    assert table.loc[3, "decision"] is None
    assert set(table["model_version"]) == {3}


@pytest.mark.parametrize("chunk_rows", [1, 2, 4])
def test_the_size_of_a_chunk_changes_no_score(bundle, tmp_path, chunk_rows):
    ROWS.to_parquet(tmp_path / "rows.parquet")
    scores(bundle, tmp_path / "rows.parquet", tmp_path / "whole.parquet", 100)
    scores(bundle, tmp_path / "rows.parquet", tmp_path / "cut.parquet", chunk_rows)
    whole, cut = (
        pq.read_table(tmp_path / f"{name}.parquet").drop(["scored_at"]).to_pandas()
        for name in ("whole", "cut")
    )
    pd.testing.assert_frame_equal(whole, cut)


def test_scores_are_never_written_over(bundle, tmp_path):
    ROWS.to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "s.parquet").write_text("older scores")
    with pytest.raises(DataError, match="never written over"):
        scores(bundle, tmp_path / "rows.parquet", tmp_path / "s.parquet", 100)
    assert (tmp_path / "s.parquet").read_text() == "older scores"


def test_a_fault_half_way_leaves_no_file(bundle, tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    ROWS.to_parquet(folder / "1.parquet")
    (folder / "2.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(DataError, match=r"2\.parquet"):
        scores(bundle, folder, tmp_path / "s.parquet", 100)
    assert not list(tmp_path.glob("*s.parquet*"))
