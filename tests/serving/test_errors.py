"""Every refusal says what was wrong, in one document, and never with a 5xx."""

import asyncio
import json
import math

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from serving.app import create_app


@pytest.fixture
async def client(settings, registry, make_bundle):
    registry.register(1, make_bundle())
    app = create_app(settings)
    await asyncio.to_thread(app.state.catalogue.refresh)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def entries(answer: httpx.Response) -> dict[str, dict]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {entry["field"]: entry for entry in answer.json()["errors"]}


async def test_every_wrong_field_is_listed_with_what_was_given_and_allowed(client, row):
    body = {
        **row,
        "income": 12,
        "n_loans": 1.5,
        "term": 13,
        "housing": "tent",
        "has_account": 1,
        "age": 40,
        "bad": 1,
        "note": "x",
        "colour": {"a": 1},
        "years": "7",
    }
    del body["purpose"]
    answer = await client.post("/v1/models/tiny/score", json=body)
    assert entries(answer) == {
        "income": {
            "field": "income",
            "rule": "below_minimum",
            "given": 12,
            "bound": 1000,
            "allowed": "a number from 1000 to 2000000 USD per year",
        },
        "n_loans": {
            "field": "n_loans",
            "rule": "not_an_integer",
            "given": 1.5,
            "allowed": "a whole number from 0 to 50",
        },
        "term": {
            "field": "term",
            "rule": "unknown_category",
            "given": 13,
            "allowed": "one of 12, 24, 36",
        },
        "housing": {
            "field": "housing",
            "rule": "unknown_category",
            "given": "tent",
            "allowed": "one of 'own', 'rent'",
        },
        "has_account": {
            "field": "has_account",
            "rule": "not_a_boolean",
            "given": 1,
            "allowed": "true or false",
        },
        "years": {
            "field": "years",
            "rule": "not_a_number",
            "given": "7",
            "allowed": "a number of at least 0; may be null",
        },
        "age": {
            "field": "age",
            "rule": "protected_not_accepted",
            "given": 40,
            "allowed": "nothing: its role is 'protected'; leave it out",
        },
        "bad": {
            "field": "bad",
            "rule": "label_not_accepted",
            "given": 1,
            "allowed": "nothing: its role is 'label'; leave it out",
        },
        "note": {
            "field": "note",
            "rule": "ignored_not_accepted",
            "given": "x",
            "allowed": "nothing: its role is 'ignored'; leave it out",
        },
        "colour": {
            "field": "colour",
            "rule": "unknown_field",
            "given": "an object",
            "allowed": "these fields: case number, seen-at, income, years, n_loans, "
            "term, housing, purpose, has_account",
        },
    }
    assert answer.json()["n_errors"] == 10


@pytest.mark.parametrize(
    ("literal", "given_back", "rule"),
    [
        ("NaN", "nan", "not_finite"),
        ("Infinity", "inf", "not_finite"),
        ("-Infinity", "-inf", "not_finite"),
        ("1e999", "inf", "not_finite"),
        ("1" + "0" * 400, "an integer of 1329 bits", "not_finite"),
        ("null", None, "missing"),
    ],
)
async def test_a_number_that_is_none_is_refused(client, row, literal, given_back, rule):
    body = json.dumps({**row, "income": 777}).replace("777", literal)
    answer = await client.post("/predict", content=body)
    found = entries(answer)["income"]
    assert (found["rule"], found["given"]) == (rule, given_back)


async def test_a_missing_field_that_must_be_there_is_named(client):
    answer = await client.post("/predict", json={})
    found = entries(answer)
    assert set(found) == {"income", "n_loans", "term", "housing", "has_account"}
    assert all("given" not in one for one in found.values())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"income": 1,}',
        b"[" * 100_000,
        b'{"x": "\\ud800"}',
        b"\0",
    ],
)
async def test_a_body_that_is_not_json_is_a_400(client, body):
    answer = await client.post("/predict", content=body)
    assert answer.status_code == 400
    assert answer.json()["title"] == "The body is not JSON"


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"', b"true"])
async def test_a_body_that_is_no_object_is_a_422(client, body):
    answer = await client.post("/predict", content=body)
    assert entries(answer)["body"]["rule"] == "not_an_object"


async def test_a_batch_names_the_row_of_each_fault(client, row):
    rows = [row, {**row, "income": 1}, None]
    answer = await client.post("/v1/models/tiny/score/batch", json={"rows": rows})
    assert answer.status_code == 422
    found = [(e["row"], e["field"], e["rule"]) for e in answer.json()["errors"]]
    assert found == [(1, "income", "below_minimum"), (2, "body", "not_an_object")]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"rows": []}, "too_few_rows"),
        ({"rows": [1, 2, 3, 4]}, "too_many_rows"),
        ({"rows": {}}, "not_a_list"),
        ({}, "missing"),
        ([], "not_an_object"),
        ({"rows": [], "more": 1}, "too_few_rows"),
    ],
)
async def test_a_batch_of_the_wrong_shape_says_what_is_allowed(client, body, rule):
    answer = await client.post("/v1/models/tiny/score/batch", json=body)
    rules = [entry["rule"] for entry in answer.json()["errors"]]
    assert answer.status_code == 422
    assert rule in rules
    assert "1 to 3" in answer.text or rule == "not_an_object"


async def test_a_batch_answers_in_order_and_like_single_rows(client, row):
    rows = [
        {**row, "income": income, "case number": str(income)} for income in (2e6, 1e3)
    ]
    batch = (await client.post("/v1/models/tiny/score/batch", json={"rows": rows})).json()
    singles = [(await client.post("/predict", json=one)).json() for one in rows]
    for found, single in zip(batch["scores"], singles, strict=True):
        assert found == {key: single[key] for key in found}
    assert [one["identifier"] for one in batch["scores"]] == ["2000000.0", "1000.0"]


async def test_an_unknown_model_lists_the_known_ones(client):
    answer = await client.post("/v1/models/nope/score", json={})
    assert answer.status_code == 404
    assert answer.json()["models"] == ["tiny"]
    assert "tiny" in answer.json()["detail"]


async def test_an_unknown_route_and_method_are_problem_documents(client):
    for answer, status in (
        (await client.get("/v2/nothing"), 404),
        (await client.delete("/predict"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client, settings):
    async def endless():
        for _ in range(10_000):
            yield b" " * 100_000

    answer = await client.post(
        "/predict", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert str(settings.api_body_bytes) in answer.json()["detail"]


async def test_a_body_declared_as_a_form_is_refused_with_the_header_to_send(client, row):
    answer = await client.post(
        "/predict",
        content=json.dumps(row),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_forged_request_id_is_replaced(client, row):
    for sent in ("a b", "x" * 129, "line\x0bbreak"):
        answer = await client.post("/predict", json=row, headers={"X-Request-Id": sent})
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"] != sent


async def test_answers_carry_security_headers_and_open_no_cross_origin_door(client, row):
    answer = await client.post(
        "/predict", json=row, headers={"Origin": "https://elsewhere.example"}
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_no_body_makes_the_service_fail(client, row, data):
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(row)) | st.text(), JSON))
    for path, body in (
        ("/predict", {**row, **changed}),
        ("/v1/models/tiny/score/batch", {"rows": [{**row, **changed}]}),
    ):
        answer = await client.post(path, content=json.dumps(body))
        assert answer.status_code in (200, 400, 422), answer.text
        if answer.status_code == 422:
            assert answer.json()["errors"]
        elif answer.status_code == 200:
            assert math.isfinite(answer.json()["threshold"])
