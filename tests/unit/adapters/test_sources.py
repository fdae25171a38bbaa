"""Every kind of source, and what is said of one that is wrong."""

import hashlib
import http.server
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy

from assay.adapters.sources import iterate_source, read_source
from assay.adapters.sources.files import iterate_path
from assay.contract import read_contract
from assay.errors import ConfigError, DataError, SourceError
from assay.settings import Settings

CONTRACT = read_contract(Path(__file__).parents[3] / "data/contracts/credit_default.toml")
TABLE = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "", "z"]})


@pytest.fixture
def settings(tmp_path):
    return Settings(_env_file=None, home=tmp_path / "home")


@pytest.fixture
def read(settings):
    return partial(read_source, contract=CONTRACT, settings=settings)


def test_a_simulated_lender_has_the_contracts_columns_and_repeats_itself(read):
    spec = "simulate:lender?n_applicants=50&start=2026-01-01&days=20&seed=7"
    first, again = read(spec), read(spec)
    assert list(first.columns) == [field.name for field in CONTRACT.fields]
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(read(spec.replace("seed=7", "seed=8")))


def test_a_simulation_takes_its_moment_with_an_offset(read):
    spec = "simulate:lender?n_applicants=500&days=200&as_of=2026-06-01T00:00:00+00:00"
    frame = read(spec)
    assert len(frame) < 500
    assert frame["applied_at"].max() <= pd.Timestamp("2026-06-01", tz="UTC")
    mature = frame["applied_at"] <= pd.Timestamp("2026-03-03", tz="UTC")
    assert (frame["defaulted"].notna() == mature).all()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("simulate:casino", "allowed: lender"),
        ("simulate:lender?n_aplicants=5", "n_aplicants.*Allowed: n_applicants, start"),
        ("simulate:lender?n_applicants=0", "n_applicants: Input should be greater"),
        ("simulate:lender?seed", "not name=value"),
        ("simulate:lender?seed=1&seed=2", "given twice: seed"),
        ("simulate:lender?drift=recession", "drift and drift_start come together"),
        ("simulate:lender?drift=war&drift_start=2026-01-01", "population"),
        ("ftp:somewhere", "unknown kind of source 'ftp'.*simulate:lender"),
        ("", "the source is empty; allowed: a path"),
        ("openml:credit-g#sha256=" + "0" * 64, "names no data set"),
        ("openml:31", "is not pinned"),
        ("uci:350#sha256=12", "is not pinned"),
        ("https:///x.csv#sha256=" + "0" * 64, "names no host"),
        ("http://example.com/x.csv#sha256=" + "0" * 64, "not encrypted"),
        ("sql:nowhere#SELECT 1", "no database 'nowhere': settings name none"),
        ("sql:postgresql+psycopg://u:p@h/d#SELECT 1", "holds a password"),
        ("sql:postgresql+psycopg://u@h/d?password=p#SELECT 1", "holds a password"),
        ("sql:sqlite://#DROP TABLE x", "starts with SELECT or WITH"),
        ("sql:sqlite://", "starts with SELECT or WITH"),
        (__file__, "neither CSV nor Parquet; allowed endings: .csv"),
    ],
)
def test_a_wrong_source_says_what_is_allowed(read, spec, said):
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        read(spec)


def test_a_password_is_not_repeated_by_the_refusal(read):
    with pytest.raises(ConfigError) as refusal:
        read("sql:postgresql+psycopg://u:hunter2@h/d#SELECT 1")
    assert "hunter2" not in str(refusal.value)


def test_a_csv_file_is_read_as_text_byte_for_byte(read, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbfid,note\r\n007,"two\nlines, one cell"\r\n,NA\r\n')
    frame = read(str(path))
    assert frame.to_dict("list") == {
        "id": ["007", ""],
        "note": ["two\nlines, one cell", "NA"],
    }


def test_a_header_without_rows_is_an_empty_table(read, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n")
    assert read(str(path)).shape == (0, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n1,2,3\n", r"Row #3: Expected 2 columns, got 3"),
        (b"a,b\n1\n", r"Expected 2 columns, got 1"),
        (b"a,a\n1,2\n", "come twice: a"),
        (b"", "has no header"),
        (b"a,b\n1,\xff\n", "UTF"),
    ],
)
def test_a_damaged_csv_file_is_refused_with_its_row(read, tmp_path, content, said):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(str(path))


def test_a_parquet_file_keeps_its_types_and_a_damaged_one_is_refused(read, tmp_path):
    path = tmp_path / "a.parquet"
    TABLE.to_parquet(path)
    pd.testing.assert_frame_equal(read(str(path)), TABLE)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"a\.parquet is no Parquet file"):
        read(str(path))


def test_a_folder_is_its_files_in_the_order_of_their_names(read, tmp_path):
    TABLE.assign(a=[7, 8, 9]).to_csv(tmp_path / "2.csv", index=False)
    TABLE.to_csv(tmp_path / "1.csv", index=False)
    (tmp_path / "readme.txt").write_text("not data")
    assert read(str(tmp_path))["a"].tolist() == ["1", "2", "3", "7", "8", "9"]


def test_files_with_other_types_keep_every_value(read, tmp_path):
    TABLE.to_parquet(tmp_path / "1.parquet")
    TABLE.assign(a=[2**60 + 1, None, "x"]).astype({"a": str}).to_csv(
        tmp_path / "2.csv", index=False
    )
    assert read(str(tmp_path))["a"].tolist() == [1, 2, 3, str(2**60 + 1), "None", "x"]


def test_a_folder_of_unlike_files_is_refused(read, tmp_path):
    TABLE.to_csv(tmp_path / "1.csv", index=False)
    TABLE.assign(c=1).to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(DataError, match=r"2\.csv and 1\.csv have different columns.*c"):
        read(str(tmp_path))


def test_nothing_there_is_said_with_where_it_was_looked_for(read, tmp_path):
    with pytest.raises(SourceError, match="no file or folder"):
        read(str(tmp_path / "missing.csv"))
    with pytest.raises(SourceError, match="holds no file"):
        read(str(tmp_path))


@pytest.fixture
def lender_database(tmp_path):
    url = f"sqlite:///{tmp_path / 'lender.db'}"
    engine = sqlalchemy.create_engine(url)
    big = TABLE.assign(a=[2**60 + 1, 2, 3], b=["x", None, "z"])
    with engine.begin() as connection:
        big.to_sql("loans", connection, index=False)
    engine.dispose()
    return url


def _query(database: str, query: str) -> str:
    return f"sql:{database}#{query}"


def test_a_query_is_read_by_the_name_of_its_database(tmp_path, lender_database):
    settings = Settings(
        _env_file=None, home=tmp_path, databases={"lender": lender_database}
    )
    frame = read_source(
        "sql:lender#SELECT a, b FROM loans ORDER BY a", CONTRACT, settings
    )
    assert frame["a"].tolist() == [2, 3, 2**60 + 1]
    assert frame["b"].tolist() == [None, "z", "x"]


def test_a_query_without_rows_has_its_columns(read, lender_database):
    frame = read(_query(lender_database, "SELECT a, b FROM loans WHERE a < 0"))
    assert frame.shape == (0, 2)


def test_a_failing_query_is_a_source_that_did_not_deliver(read, lender_database):
    with pytest.raises(SourceError, match="did not deliver: no such table: absent"):
        read(_query(lender_database, "SELECT * FROM absent"))
    with pytest.raises(DataError, match="columns twice: a"):
        read(_query(lender_database, "SELECT a, a FROM loans"))


@pytest.mark.postgresql
def test_postgresql_streams_more_than_one_chunk_and_is_only_read(read):
    url = "sql:postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    query = (
        "SELECT g AS n, NULLIF(g, 3) AS m, DATE '2026-01-31' + g AS t, "
        "current_setting('transaction_read_only') AS r FROM generate_series(1, 120000) g"
    )
    frame = read(f"{url}#{query}")
    assert frame["n"].tolist() == list(range(1, 120_001))
    assert frame["m"].isna().sum() == 1
    assert set(frame["r"]) == {"on"}


class Server(http.server.BaseHTTPRequestHandler):
    """Serves what the test put into `answers`: bytes, or an address to go to."""

    answers: dict[str, bytes | str] = {}  # noqa: RUF012 # the test's own
    seen: list[str] = []  # noqa: RUF012 # idem

    def do_GET(self):
        self.seen.append(self.path)
        answer = self.answers.get(self.path)
        if isinstance(answer, str):
            self.send_response(302)
            self.send_header("Location", answer)
        else:
            self.send_response(200 if answer is not None else 404)
        body = answer if isinstance(answer, bytes) else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """Stay silent."""


@pytest.fixture
def server():
    Server.answers, Server.seen = {}, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def _pinned(content: bytes) -> str:
    return f"#sha256={hashlib.sha256(content).hexdigest()}"


def test_a_pinned_download_is_fetched_once(read, server):
    content = TABLE.to_csv(index=False).encode()
    Server.answers["/t.csv"] = content
    spec = f"{server}/t.csv{_pinned(content)}"
    assert read(spec)["a"].tolist() == ["1", "2", "3"]
    assert read(spec)["a"].tolist() == ["1", "2", "3"]
    assert Server.seen == ["/t.csv"]


def test_openml_and_uci_are_asked_at_their_own_paths(server, tmp_path):
    settings = Settings(_env_file=None, home=tmp_path, openml_url=server, uci_url=server)
    parquet, text = TABLE.to_parquet(), TABLE.to_csv(index=False).encode()
    Server.answers |= {
        "/datasets/0004/42477/dataset_42477.pq": parquet,
        "/datasets/0000/0031/dataset_31.pq": parquet,
        "/static/public/350/data.csv": text,
    }
    for source, content in (("openml:42477", parquet), ("openml:31", parquet)):
        frame = read_source(source + _pinned(content), CONTRACT, settings)
        pd.testing.assert_frame_equal(frame, TABLE)
    frame = read_source("uci:350" + _pinned(text), CONTRACT, settings)
    assert frame["b"].tolist() == ["x", "", "z"]


def test_other_bytes_than_pinned_are_refused_and_nothing_is_kept(read, server, settings):
    Server.answers["/t.csv"] = b"a,b\n1,2\n"
    with pytest.raises(SourceError, match=r"has sha256 .* was asked for"):
        read(f"{server}/t.csv{_pinned(b'something else')}")
    assert list((settings.home / "downloads").iterdir()) == []


def test_a_damaged_copy_is_fetched_again(read, server, settings):
    content = b"a,b\n1,2\n"
    Server.answers["/t.csv"] = content
    spec = f"{server}/t.csv{_pinned(content)}"
    read(spec)
    copy = next((settings.home / "downloads").iterdir())
    copy.write_bytes(b"a,b\n6,6\n")
    assert read(spec)["a"].tolist() == ["1"]
    assert len(Server.seen) == 2


def test_a_server_that_does_not_deliver_is_named(read, server):
    with pytest.raises(SourceError, match=r"did not deliver: .*404"):
        read(f"{server}/nothing.csv{_pinned(b'')}")
    with pytest.raises(SourceError, match="did not deliver"):
        read(f"http://127.0.0.1:9/x.csv{_pinned(b'')}")


def test_a_redirect_to_an_open_line_is_refused(read, server):
    Server.answers["/t.csv"] = "http://example.com/t.csv"
    with pytest.raises(ConfigError, match="not encrypted"):
        read(f"{server}/t.csv{_pinned(b'')}")


def test_a_server_that_never_ends_is_cut_off(read, server, monkeypatch):
    monkeypatch.setattr("assay.adapters.sources.downloads.LARGEST_DOWNLOAD_BYTES", 10)
    Server.answers["/t.csv"] = b"x" * 100
    with pytest.raises(SourceError, match="more than 10 bytes"):
        read(f"{server}/t.csv{_pinned(b'')}")


@pytest.mark.parametrize("chunk_rows", [1, 7, 100])
def test_chunks_of_any_size_hold_the_same_rows_in_order(tmp_path, settings, chunk_rows):
    frame = pd.DataFrame({"a": range(23), "b": [f"x{i}" for i in range(23)]})
    (tmp_path / "folder").mkdir()
    frame[:10].to_parquet(tmp_path / "folder" / "1.parquet")
    frame[10:].to_parquet(tmp_path / "folder" / "2.parquet")
    frame.to_csv(tmp_path / "whole.csv", index=False)
    for source in (tmp_path / "folder", tmp_path / "whole.csv"):
        chunks = list(
            iterate_source(str(source), CONTRACT, settings, chunk_rows=chunk_rows)
        )
        assert max(map(len, chunks)) <= chunk_rows
        found = pd.concat(chunks, ignore_index=True).astype(str)
        pd.testing.assert_frame_equal(found, frame.astype(str))


def test_a_simulation_is_looked_at_when_the_run_says(settings):
    spec = "simulate:lender?n_applicants=500&start=2026-01-01&days=100&seed=1"
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    seen = read_source(spec, CONTRACT, settings, moment)
    assert 0 < len(seen) < 500
    assert seen["defaulted"].isna().all()
    later = read_source(spec + "&as_of=2027-01-01", CONTRACT, settings, moment)
    assert len(later) == 500


def test_of_a_parquet_file_no_more_is_in_memory_than_a_chunk_needs(tmp_path):
    path, rng = tmp_path / "large.parquet", np.random.default_rng(0)
    schema = pa.schema([("value", pa.float64())])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(60):
            values = rng.normal(size=50_000)  # does not compress: 400 kB a group
            writer.write_table(pa.table({"value": values}, schema=schema))
    before, most, n_rows = pa.total_allocated_bytes(), 0, 0
    for chunk in iterate_path(str(path), 10_000):
        n_rows += len(chunk)
        most = max(most, pa.total_allocated_bytes() - before)
    assert n_rows == 60 * 50_000
    assert most < path.stat().st_size / 8
