"""A canary answers its entities by every protocol, a shadow nobody, a stop everybody."""

import asyncio
import dataclasses
import json
import threading

import httpx
import orjson
import pytest

from assay.bundle import read_bundle, write_bundle
from assay.canary import goes_to_canary
from assay.history.traffic import resumed, stopped, with_canary, with_shadow
from serving.app import create_app
from serving.champion import Beside, load_champion
from serving.scoring import decider as deciding_desk
from serving.scoring.deciding import decide
from serving.scoring.trial import decided_by
from tests.serving.conftest import MadeBundle
from tests.serving.scoring.conftest import BAD, GOOD, ROW, passes, records

SHARE = 0.4
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(scope="session")
def tried(parts, tmp_path_factory) -> MadeBundle:
    """Return the bundle of the same model with another threshold."""
    folder = tmp_path_factory.mktemp("tried") / "made"
    manifest = parts.manifest.model_copy(update={"threshold": 0.9})
    digest = write_bundle(folder, dataclasses.replace(parts, manifest=manifest))
    return MadeBundle(folder, digest)


@pytest.fixture
def trial(sample, registry, tried):
    """Return settings under which version 2 is the canary and version 3 the shadow."""
    canary = registry.upload(2, tried, "sample")
    shadow = registry.upload(3, tried, "sample")
    registry.state(lambda traffic: with_canary(traffic, canary, SHARE), "sample")
    registry.state(lambda traffic: with_shadow(traffic, shadow), "sample")
    return sample


@pytest.fixture
async def app(trial):
    made = create_app(trial)
    await asyncio.to_thread(made.state.catalogue.refresh)
    yield made
    made.state.decider.shadow.close()
    made.state.decider.stream.close()


@pytest.fixture
async def caller(app):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def rows(n):
    return [{**(BAD if i % 2 else GOOD), "case": f"A-{i}"} for i in range(n)]


def expected(row, tried) -> str:
    return "canary" if goes_to_canary(row["case"], tried.digest, SHARE) else "champion"


async def test_each_entity_is_answered_by_its_version_and_the_record_says_so(
    caller, trial, tried
):
    sent = rows(60)
    for row in sent + sent:
        answer = (await caller.post("/predict", json=row)).json()
        role = expected(row, tried)
        assert answer["role"] == role
        assert answer["version"] == {"champion": "1", "canary": "2"}[role]
        assert (answer["bundle_digest"] == tried.digest) is (role == "canary")
        assert (answer["threshold"] == 0.9) is (role == "canary")
    kept = [one["entry"] for one in records(trial.ledger_folder)]
    decisions = [one for one in kept if one["kind"] == "decision"]
    for one in decisions:
        role = expected(one["inputs"], tried)
        assert (one["role"], one["version"]) == (role, "1" if role == "champion" else "2")
    assert {one["role"] for one in decisions} == {"champion", "canary"}


async def test_a_request_about_nobody_is_the_champions(caller):
    for _ in range(5):
        row = {**ROW, "case": None}
        assert (await caller.post("/predict", json=row)).json()["role"] == "champion"


@pytest.mark.parametrize("path", ["score/batch", "invocations", "infer"])
async def test_rows_of_a_batch_go_each_to_its_version(caller, tried, path):
    sent = rows(12)
    roles = [expected(row, tried) for row in sent]
    assert {"champion", "canary"} == set(roles)
    if path == "infer":
        inputs = [
            {
                "name": name,
                "shape": [len(sent)],
                "datatype": kind,
                "data": [row[name] for row in sent],
            }
            for name, kind in (
                *(("case", "BYTES"), ("at", "BYTES"), ("amount", "FP64")),
                *(("rare amount", "FP64"), ("n_events", "INT64")),
                *(("is_known", "BOOL"), ("term.months", "INT64"), ("region", "BYTES")),
            )
        ]
        answer = await caller.post("/v2/models/sample/infer", json={"inputs": inputs})
        said = answer.json()["parameters"]
        wanted = ",".join(str(n) for n, role in enumerate(roles) if role == "canary")
        assert (said["canary_rows"], said["canary_version"]) == (wanted, "2")
        assert said["role"] == "champion"
        return
    if path == "invocations":
        answer = await caller.post("/invocations", json={"dataframe_records": sent})
        scores = answer.json()["predictions"]
    else:
        answer = await caller.post("/v1/models/sample/score/batch", json={"rows": sent})
        scores = answer.json()["scores"]
    assert answer.json()["version"] == "1"
    assert [one.get("role", "champion") for one in scores] == roles
    for one, role in zip(scores, roles, strict=True):
        assert ("version" in one) is (role == "canary")


async def test_lines_go_each_to_its_version(caller, trial, tried):
    sent = rows(12)
    body = b"\n".join(orjson.dumps(row) for row in sent)
    path = "/v1/models/sample/score/batch"
    answer = await caller.post(path, content=body, headers=NDJSON)
    found = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [one["role"] for one in found] == [expected(row, tried) for row in sent]
    kept = [one["entry"] for one in records(trial.ledger_folder)]
    by_case = {e["inputs"]["case"]: e["role"] for e in kept if e["kind"] == "decision"}
    assert by_case == {row["case"]: expected(row, tried) for row in sent}


async def test_a_shadow_is_recorded_beside_every_answer_and_never_answers(
    app, caller, trial
):
    sent = rows(20)
    batch = {"rows": rows(3)}
    answers = [(await caller.post("/predict", json=row)).json() for row in sent]
    await caller.post("/v1/models/sample/score/batch", json=batch)
    app.state.decider.shadow.close()
    kept = [one["entry"] for one in records(trial.ledger_folder)]
    shadows = {e["request_id"]: e for e in kept if e["kind"] == "shadow"}
    decisions = {e["request_id"]: e for e in kept if e["kind"] == "decision"}
    assert shadows.keys() == decisions.keys()
    assert len(shadows) == 23
    for name, shadow in shadows.items():
        assert (shadow["version"], shadow["role"]) == ("3", "shadow")
        assert shadow["answered_version"] == decisions[name]["version"]
        # The same trees decide under another threshold.
        assert shadow["probability"] == decisions[name]["probability"]
        assert shadow["threshold"] == 0.9
        assert "inputs" not in shadow
    assert {answer["version"] for answer in answers} == {"1", "2"}
    app.state.decider.stream.close()
    assert passes(trial.ledger_folder)


async def test_a_stopped_model_answers_by_no_protocol(app, caller, registry):
    registry.state(lambda traffic: stopped(traffic, "by the risk officer"), "sample")
    await asyncio.to_thread(app.state.catalogue.refresh)
    for path, body in (
        ("/predict", ROW),
        ("/v1/models/sample/score", ROW),
        ("/v1/models/sample/score/batch", {"rows": [ROW]}),
        ("/invocations", {"dataframe_records": [ROW]}),
        ("/v2/models/sample/infer", {"inputs": []}),
    ):
        answer = await caller.post(path, json=body)
        assert answer.status_code == 503, path
        assert "it was stopped: by the risk officer" in answer.json()["detail"]
    lines = await caller.post(
        "/v1/models/sample/score/batch", content=orjson.dumps(ROW), headers=NDJSON
    )
    assert lines.status_code == 503
    registry.state(resumed, "sample")
    await asyncio.to_thread(app.state.catalogue.refresh)
    assert (await caller.post("/predict", json=ROW)).status_code == 200


@pytest.mark.usefixtures("trial")
def test_the_short_way_stops_and_tries_as_the_long_one(serve_sample, registry):
    server = serve_sample()
    sent = rows(30)
    found: dict[str, str] = {}
    for row in sent:
        short = server.client.post("/predict", json=row).json()
        # The parameter makes the request unusual, so that it goes the long way.
        long = server.client.post(
            "/predict",
            content=json.dumps(row),
            headers={"content-type": "application/json; charset=utf-8"},
        ).json()
        assert short["role"] == long["role"]
        found[row["case"]] = short["role"]
    assert set(found.values()) == {"champion", "canary"}
    registry.state(lambda traffic: stopped(traffic, "at night"), "sample")
    server.wait(lambda client: client.post("/predict", json=ROW).status_code == 503)
    answer = server.client.post("/predict", json=ROW)
    assert "it was stopped: at night" in answer.json()["detail"]
    assert server.client.get("/ready").status_code == 200
    registry.state(resumed, "sample")
    server.wait(lambda client: client.post("/predict", json=ROW).status_code == 200)


def test_where_the_canary_fails_the_champion_answers_as_its_substitute(bundle, tried):
    canary = load_champion("sample", "2", read_bundle(tried.folder)).as_role("canary")
    champion = load_champion("sample", "1", bundle).as_role(
        "champion", Beside(canary, 0.5)
    )
    row = next(one for one in rows(50) if goes_to_canary(one["case"], tried.digest, 0.5))
    decision = decide(champion, orjson.dumps(row))

    def failing(*_):
        raise RuntimeError("no such feature")

    by, found = decided_by(champion, decision, failing)
    assert found is decision
    record = orjson.loads(by.forms.record(found, "r", 1))
    assert (record["role"], record["version"]) == ("substitute", "1")
    answer = orjson.loads(by.forms.answer(found, "r"))
    assert (answer["role"], answer["version"]) == ("champion", "1")
    assert decided_by(champion, decision, decide)[0] is canary


@pytest.mark.parametrize("is_slow", [False, True])
async def test_a_canary_that_takes_long_keeps_no_other_caller_waiting(
    app, bundle, tried, monkeypatch, is_slow
):
    """Nobody else is answered while the loop's own thread decides."""
    canary = load_champion("sample", "2", read_bundle(tried.folder)).as_role("canary")
    if is_slow:  # the sample's fields are numbers, so nothing of it is asked
        canary = dataclasses.replace(canary, text_explainer=object())
    champion = load_champion("sample", "1", bundle)
    champion = champion.as_role("champion", Beside(canary, 0.5))
    assert champion.takes_long is is_slow
    assert load_champion("sample", "1", bundle).takes_long is False
    threads = []

    def noted(*arguments, **options):
        threads.append(threading.get_ident())
        return decide(*arguments, **options)

    monkeypatch.setattr(deciding_desk, "decide", noted)
    row = next(one for one in rows(50) if goes_to_canary(one["case"], tried.digest, 0.5))
    answer = await app.state.decider.one(champion, orjson.dumps(row), "r")
    assert orjson.loads(answer.content)["role"] == "canary"
    assert len(threads) == 2
    assert all((one == threading.get_ident()) is not is_slow for one in threads)
