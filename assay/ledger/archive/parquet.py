"""A sealed segment as a Parquet file: columns to query, and the bytes that were hashed.

Nothing is lost: with ``body`` and ``chain`` the chain can be checked from the file alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from assay.errors import LedgerError
from assay.ledger.recovery import segments_of
from assay.ledger.standalone import HEAD, Line, parse_line, segment_lines

SEALED = b'{"entry":{"kind":"sealed"'
GROUP_ROWS = 8_192
_LAST_BYTES = 4096

SCHEMA = pa.schema(
    [
        ("stream", pa.string()),
        ("sequence", pa.int64()),
        ("time", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("request_id", pa.string()),
        ("model", pa.string()),
        ("version", pa.string()),
        ("bundle_digest", pa.string()),
        ("probability", pa.float64()),
        ("threshold", pa.float64()),
        ("decision", pa.string()),
        ("reasons", pa.string()),
        ("label", pa.int8()),
        ("policy", pa.string()),
        ("latency_us", pa.int64()),
        ("inputs", pa.string()),
        ("features", pa.string()),
        ("shadow", pa.string()),
        ("body", pa.binary()),
        ("chain", pa.binary(32)),
    ]
)
"""Columns of the archive; ``reasons``, ``inputs``, ``features``, ``shadow`` are JSON."""

_PLAIN: dict[str, type] = {
    **dict.fromkeys(("kind", "request_id", "model", "version", "bundle_digest"), str),
    **dict.fromkeys(("decision", "policy"), str),
    **dict.fromkeys(("probability", "threshold"), float),
    **dict.fromkeys(("label", "latency_us"), int),
}
_JSON = ("reasons", "inputs", "features", "shadow")


@dataclass(frozen=True, slots=True)
class SealedSegment:
    """A segment that takes no more records.

    Attributes
    ----------
    file : Path
        Where it stands.
    stream : str
        Its stream.
    first, last : int
        Sequence numbers of its first and last record.
    chain : str
        Behind its last record, 64 hexadecimal digits: it names all before it.
    """

    file: Path
    stream: str
    first: int
    last: int
    chain: str

    @property
    def name(self) -> str:
        """Name of its file in an archive, below a folder for the stream."""
        return f"{self.stream}/{self.first:020d}-{self.last:020d}.parquet"

    @property
    def n_records(self) -> int:
        """Number of records, the stream's own among them."""
        return self.last - self.first + 1


def sealed_segments(ledger: Path) -> Iterator[SealedSegment]:
    """Return every sealed segment, stream by stream, oldest first."""
    for folder in sorted(
        each for each in (ledger / "streams").glob("*") if each.is_dir()
    ):
        for segment in segments_of(folder):
            last = _last(segment)
            if last.sequence and last.body.startswith(SEALED):
                yield SealedSegment(
                    segment,
                    folder.name,
                    int(segment.stem),
                    last.sequence,
                    last.chain.hex(),
                )


def write_parquet(segment: SealedSegment, target: Path) -> None:
    """Write a sealed segment as one Parquet file, its chain checked record by record.

    Parameters
    ----------
    segment : SealedSegment
        What to write.
    target : Path
        File; a file of that name is replaced. The same segment gives the same bytes.

    Raises
    ------
    LedgerError
        If a record does not match its chain: nothing altered goes into an archive.
    """
    metadata = {"assay.chain": segment.chain, "assay.stream": segment.stream}
    schema = SCHEMA.with_metadata(metadata)
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for line in checked_lines(segment):
            rows.append(_row(segment.stream, line))
            if len(rows) == GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows.clear()
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def checked_lines(segment: SealedSegment) -> Iterator[Line]:
    """Return a sealed segment's records, each held against the chain.

    Raises
    ------
    LedgerError
        If one does not match.
    """
    chain: bytes | None = None
    expected = segment.first
    for line in segment_lines(segment.file, segment.stream):
        if isinstance(line, bytes) or line.sequence != expected:
            raise _altered(segment, expected)
        if chain is None:
            chain = bytes.fromhex(orjson.loads(line.body)["entry"]["said"]["previous"])
        chain = sha256(chain + line.body).digest()
        if line.chain != chain:
            raise _altered(segment, expected)
        yield line
        expected += 1
    if chain is None or chain.hex() != segment.chain:
        raise _altered(segment, expected)


def row_values(line: Line) -> dict[str, Any]:
    """Return a record's plain values by column; None where it has none.

    Notes
    -----
    A value of another kind than its column's is left to ``body``.
    """
    entry: dict[str, Any] = orjson.loads(line.body)["entry"]
    head = HEAD.search(line.body, max(0, len(line.body) - 256))
    values: dict[str, Any] = {
        name: entry[name] if _fits(entry.get(name), kind) else None
        for name, kind in _PLAIN.items()
    }
    values["time"] = head[4].decode() if head else None
    for name in _JSON:
        found = entry.get(name)
        values[name] = None if found is None else orjson.dumps(found).decode()
    return values


def _row(stream: str, line: Line) -> dict[str, Any]:
    values = row_values(line)
    values["time"] = (
        pa.scalar(values["time"].rstrip("Z")).cast(pa.timestamp("us")).as_py()
    )
    return {
        **values,
        "stream": stream,
        "sequence": line.sequence,
        "body": line.body,
        "chain": line.chain,
    }


def _fits(value: object, kind: type) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if kind is float else kind)


def _last(segment: Path) -> Line:
    n_bytes = segment.stat().st_size
    with segment.open("rb") as file:
        file.seek(max(0, n_bytes - _LAST_BYTES), os.SEEK_SET)
        lines = file.read().splitlines(keepends=True)
    return parse_line(lines[-1] if lines else b"", segment.parent.name, segment.name)


def _altered(segment: SealedSegment, sequence: int) -> LedgerError:
    return LedgerError(
        f"{segment.file} does not match its chain at record {sequence}; run 'assay "
        "ledger verify': nothing of it is archived"
    )
