"""Hostile bodies: no failure, no hang, and the ledger holds what was answered."""

from __future__ import annotations

import json

import httpx
import pytest

from assay.ledger.recovery import segments_of
from tests.serving.conftest import ROW

JSON = "application/json"
LINES = "application/x-ndjson"
WHOLE = json.dumps(ROW).encode()


def changed(**values):
    return json.dumps({**ROW, **values}).encode()


def raw(name, text):
    """Return a row in which the value of a field is written as no library writes it."""
    return changed(**{name: "@"}).replace(b'"@"', text)


DECIDING = ("/predict", "/v1/models/tiny/score", "/v1/models/tiny/score/batch")
ROWS = {
    "nothing": b"",
    "null": b"null",
    "a number": b"7",
    "a text": b'"row"',
    "a list": b"[]",
    "a list of rows": b"[" + WHOLE + b"]",
    "not UTF-8": b"\xff\xfe" + WHOLE,
    "a byte order mark": b"\xef\xbb\xbf" + WHOLE,
    "a lone surrogate": raw("housing", b'"\\ud800"'),
    "a zero byte": raw("housing", b'"own\\u0000"'),
    "half an object": WHOLE[:-1],
    "two objects": WHOLE + WHOLE,
    "a comment": WHOLE + b"// row",
    "NaN": raw("income", b"NaN"),
    "Infinity": raw("income", b"-Infinity"),
    "beyond float64": raw("income", b"1e999"),
    "a denormal": raw("years", b"5e-324"),
    "10,000 digits": raw("income", b"9" * 10_000),
    "10,000 places": raw("income", b"50000." + b"1" * 10_000),
    "a leading zero": raw("income", b"050000"),
    "a hexadecimal": raw("income", b"0xC350"),
    "a text for a number": changed(income="50000"),
    "true for a number": changed(income=True),
    "1 for true": changed(has_account=1),
    "a huge integer": changed(n_loans=2**70),
    "an object for a number": changed(income={"$gt": 0}),
    "a list for a number": changed(income=[50000]),
    "a protected field": changed(age=30),
    "the label": changed(bad=1),
    "an ignored field": changed(note="call me"),
    "a proto": changed(__proto__={"income": 1}),
    "a long name": changed(**{"x" * 70_000: 1}),
    "a long text": changed(purpose="x" * 200_000),
    "10,000 fields": changed(**{f"f{n}": n for n in range(10_000)}),
    "a field twice": WHOLE[:-1] + b', "income": 7}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "deep below a field": raw("income", b"[" * 50_000 + b"]" * 50_000),
    "a NUL": b"\x00" * 1_000,
    "XML": b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM 'file:///']><r>&x;</r>",
    "a form": b"income=50000&years=2",
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 64,
    "a whole row": WHOLE,
}
BATCHES = {
    "no rows": b'{"rows": []}',
    "rows of null": b'{"rows": null}',
    "too many rows": b'{"rows": [' + b",".join([WHOLE] * 4) + b"]}",
    "one bad row of two": b'{"rows": [' + WHOLE + b", " + changed(income=-1) + b"]}",
    "more than rows": b'{"rows": [' + WHOLE + b'], "mode": "fast"}',
    "three rows": b'{"rows": [' + b",".join([WHOLE] * 3) + b"]}",
}
TENSORS = {
    "no inputs": b"{}",
    "a shape that lies": b'{"inputs": [{"name": "income", "shape": [-1], '
    b'"datatype": "FP64", "data": [1]}]}',
    "a huge shape": b'{"inputs": [{"name": "income", "shape": [9999999999999], '
    b'"datatype": "FP64", "data": []}]}',
}


def cases():
    for path, bodies in (
        ("/v1/models/tiny/score", ROWS),
        ("/predict", ROWS),
        ("/v1/models/tiny/score/batch", ROWS | BATCHES),
        ("/invocations", ROWS),
        ("/v2/models/tiny/infer", ROWS | TENSORS),
        ("/v1/models/tiny/what-if", ROWS),
        ("/v1/models/tiny/outcomes", ROWS),
        ("/v1/answers", ROWS),
    ):
        for kind in (JSON, "text/plain", "application/json; charset=utf-16"):
            for name, body in bodies.items():
                yield path, kind, name, body


@pytest.fixture
def answered(serve, registry, make_bundle):
    """Send every case, and the same lines as one stream; return what came back."""
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    found = {}
    for place, (path, kind, name, body) in enumerate(cases()):
        headers = {"Content-Type": kind, "X-Request-Id": f"case-{place}"}
        answer = server.client.post(path, content=body, headers=headers, timeout=60)
        found[f"case-{place}"] = (path, f"{kind}: {name}", answer)
    lines = [body for body in ROWS.values() if b"\n" not in body]
    headers = {"Content-Type": LINES, "X-Request-Id": "lines"}
    stream = server.client.post(
        "/v1/models/tiny/score/batch",
        content=b"\n".join(lines),
        headers=headers,
        timeout=60,
    )
    assert server.client.get("/ready").status_code == 200
    return found, stream


def records(settings):
    """Return every decision and refusal of the ledger, by the id of its request."""
    found = {}
    for segment in settings.ledger_folder.glob("streams/*/*.ndjson"):
        for line in segment.read_bytes().splitlines():
            entry = json.loads(line)["record"]["entry"]
            if entry["kind"] in ("decision", "refusal"):
                request_id = entry["request_id"].partition("/")[0]
                found.setdefault(request_id, []).append(entry)
    return found


@pytest.mark.slow
def test_no_hostile_body_is_decided_and_each_refusal_is_on_record(answered, settings):
    found, stream = answered
    kept = records(settings)
    n_decided = 0
    for request_id, (path, name, answer) in found.items():
        entries = kept.pop(request_id, [])
        case = f"{path} {name}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code < 500 or "answers" in path, case
        kinds = {entry["kind"] for entry in entries}
        if answer.status_code == 200 and "outcomes" not in path and "what-if" not in path:
            assert kinds == {"decision"}, case
            n_decided += 1
        else:
            assert kinds <= {"refusal"}, case
            assert len(entries) <= 1, case
            is_read = answer.status_code in (400, 422) and path in DECIDING
            assert not is_read or len(entries) == 1, case
            assert all(entry["status"] == answer.status_code for entry in entries), case
            assert answer.headers["content-type"] == "application/problem+json", case
    assert n_decided >= 6
    assert_the_stream_is_on_record(stream, kept.pop("lines"))
    assert not kept


def assert_the_stream_is_on_record(stream: httpx.Response, entries):
    answers = [json.loads(line) for line in stream.text.splitlines()]
    by_line = {int(entry["request_id"].partition("/")[2]): entry for entry in entries}
    assert len(by_line) == len(answers) == len(entries)
    for answer in answers:
        entry = by_line[answer["line"]]
        is_refused = "status" in answer
        assert (entry["kind"] == "refusal") == is_refused, answer
        if is_refused:
            assert entry["status"] == answer["status"] < 500
    assert any("probability" in answer for answer in answers)


def test_a_segment_is_there_to_be_read(settings, serve, registry, make_bundle):
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    server.client.post("/predict", content=WHOLE, headers={"X-Request-Id": "one"})
    server.client.post("/predict", content=b"{", headers={"X-Request-Id": "two"})
    (folder,) = settings.ledger_folder.glob("streams/api-*")
    assert len(segments_of(folder)) == 1
    kinds = {
        name: [e["kind"] for e in found] for name, found in records(settings).items()
    }
    assert kinds == {"one": ["decision"], "two": ["refusal"]}
