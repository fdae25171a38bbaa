"""What is no body of MLflow's protocol is refused, and no value changes on its way."""

import asyncio

import httpx
import pytest

from serving.app import create_app
from serving.problems import Problem
from serving.protocols.mlflow import rows_of_csv, rows_of_json


@pytest.fixture
async def client(settings, registry, make_bundle):
    registry.register(1, make_bundle())
    app = create_app(settings)
    await asyncio.to_thread(app.state.catalogue.refresh)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 422),
        (b'{"inputs": [], "instances": []}', 422),
        (b'{"dataframe_split": 3}', 422),
        (b'{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}', 422),
        (b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}', 422),
        (b'{"dataframe_records": {"a": 1}}', 422),
        (b'{"inputs": [[1, 2]]}', 422),
        (b'{"inputs": {"a": [1], "b": [1, 2]}}', 422),
        (b'{"inputs": {"a": [1], "b": 2}}', 422),
        (b'{"dataframe_records": [{"a": 1}], "params": {"n": 1}}', 422),
        (b'{"dataframe_records": [{"a": 1}], "more": 1}', 422),
    ],
)
def test_another_shape_is_refused(body, status):
    with pytest.raises(Problem) as caught:
        rows_of_json(body)
    assert caught.value.status == status


def test_a_cell_is_read_by_its_field_and_nothing_else(contract):
    head = b"\xef\xbb\xbfincome,years,housing,has_account,term,case number,colour\r\n"
    (row,) = rows_of_csv(head + b'5e4,,own,TRUE,24,"0,7",12\r\n', contract)
    assert row == {
        "income": 50000.0,
        "years": None,
        "housing": "own",
        "has_account": True,
        "term": 24.0,
        "case number": "0,7",
        "colour": "12",
    }


@pytest.mark.parametrize("text", ["1_000", "inf", "-inf", "nan", "1e999", "0x10", "five"])
def test_what_is_no_finite_number_stays_text_for_the_contract_to_refuse(text, contract):
    (row,) = rows_of_csv(f"income\n{text}\n".encode(), contract)
    assert row == {"income": text}


@pytest.mark.parametrize(
    "body", [b"", b"a,a\n1,2\n", b"a,b\n1\n", b"a\n\xff\n", b'a\n"1\n']
)
def test_a_crooked_csv_is_a_400(body, contract):
    with pytest.raises(Problem) as caught:
        rows_of_csv(body, contract)
    assert caught.value.status == 400


async def test_limits_and_kinds_are_those_of_every_route(client, row):
    many = await client.post("/invocations", json={"dataframe_records": [row] * 4})
    assert many.status_code == 422
    assert many.json()["errors"][0]["rule"] == "too_many_rows"
    none = await client.post("/invocations", json={"dataframe_records": []})
    assert none.status_code == 422
    kind = {"Content-Type": "application/x-parquet"}
    other = await client.post("/invocations", content=b"PAR1", headers=kind)
    assert other.status_code == 415


async def test_infinity_does_not_become_a_missing_value(client):
    body = b'{"dataframe_records": [{"years": 1e999}]}'
    kind = {"Content-Type": "application/json"}
    answer = await client.post("/invocations", content=body, headers=kind)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN, Infinity", "NaN}"])
def test_nan_is_a_missing_value_and_infinity_is_none(text):
    found = rows_of_json(b'{"dataframe_records": [{"years": NaN}]}')
    assert found == [{"years": None}]
    with pytest.raises(Problem) as caught:
        rows_of_json(f'{{"dataframe_records": [{{"years": [{text}]}}]}}'.encode())
    assert caught.value.status == 400


def test_a_deep_body_with_nan_is_a_400():
    with pytest.raises(Problem):
        rows_of_json(b'{"inputs": [NaN, ' + b"[" * 100_000)
