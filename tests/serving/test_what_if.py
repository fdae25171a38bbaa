"""What-if questions to a version of trees, asked over HTTP."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from assay.bundle import read_bundle, write_bundle
from assay.contract import read_contract
from assay.models import fit_challenger
from assay.settings import Settings
from serving.champion import load_champion
from serving.middleware import AnswerHeaders
from serving.problems import add_problem_handlers
from serving.routers.what_if import what_if_router
from tasks.assembly import assemble
from tests.unit.models.conftest import CONTRACT, draw


@pytest.fixture(scope="module")
def champion(tmp_path_factory):
    """Load a version of boosted trees from its own bundle."""
    text = CONTRACT.format(maturity="", time="")
    for name in ("amount", "n_events", "region"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nreason = "{name}"\n')
    contract, frame = read_contract(text), draw(2_000, 0)
    fitted = fit_challenger(frame, contract, n_resamples=100, folds=0)
    made = assemble(
        fitted, frame, text, snapshot_digest="0" * 64, shares={}, settings=Settings()
    )
    folder = tmp_path_factory.mktemp("bundle") / "one"
    write_bundle(folder, made.parts)
    return load_champion(contract.name, "1", read_bundle(folder))


@pytest.fixture
async def ask(champion):
    app = FastAPI()
    app.add_middleware(AnswerHeaders)
    add_problem_handlers(app)
    catalogue = SimpleNamespace(champion=lambda _: champion)
    app.include_router(what_if_router(catalogue, 2**16))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def send(row, **more):
            body = {"row": row, **more}
            return await client.post("/v1/models/sample/what-if", json=body)

        send.client = client
        yield send


@pytest.fixture(scope="module")
def adverse(champion):
    """Return rows that the contract accepts and the version refuses."""
    found = []
    for golden in champion.bundle.golden.rows:
        row = {**champion.example, **{k: golden[k] for k in ("amount", "rare amount")}}
        row["n_events"] = 15
        if row["amount"] is None or not -100 <= row["amount"] <= 100:
            continue
        if champion.probabilities([row])[0] >= champion.threshold:
            found.append(row)
    assert found
    return found


async def test_the_change_told_flips_when_it_is_scored(ask, champion, adverse):
    verdicts = set()
    for row in adverse[:5]:
        answer = await ask(row)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        verdicts.add(said["verdict"])
        if said["verdict"] != "flips":
            assert said["changes"] == []
            continue
        after = row | {each["field"]: each["after"] for each in said["changes"]}
        scored = champion.probabilities([after])[0]
        assert said["probability_after"] == scored < champion.threshold
        assert said["probability"] >= champion.threshold
        assert said["is_nearest"] == (said["gap"] == 0)
    assert "flips" in verdicts


async def test_fields_that_may_change_are_the_callers_to_name(ask, adverse):
    for row in adverse[:5]:
        said = (await ask(row, may_change=["n_events"], most_changes=1)).json()
        assert {each["field"] for each in said["changes"]} <= {"n_events"}
        assert said["verdict"] in ("flips", "cannot_flip")


async def test_a_protected_field_is_refused_by_name(ask, adverse):
    answer = await ask(adverse[0], may_change=["group"])
    assert answer.status_code == 422
    assert "group" in answer.json()["detail"]


async def test_a_row_that_breaks_the_contract_is_refused_as_in_scoring(ask, adverse):
    answer = await ask({**adverse[0], "amount": 1000})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "amount"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"row": 1}', 422),
        (b'{"row": {}, "most_changes": 0}', 422),
        (b'{"row": {}, "most_changes": true}', 422),
        (b'{"row": {}, "may_change": []}', 422),
        (b'{"row": {"amount": 123456789012345678901234567890}}', 422),
    ],
)
async def test_a_body_that_asks_nothing_is_refused(ask, body, status):
    answer = await ask.client.post("/v1/models/sample/what-if", content=body)
    assert answer.status_code == status, answer.text
