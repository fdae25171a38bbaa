"""MLflow's own client, against the service as a process."""

import json

import pandas as pd
import pytest
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


@pytest.fixture
def server(registry, make_bundle, serve):
    """Return a server whose champion is ready."""
    registry.register(1, make_bundle(bias=0.3))
    started = serve()
    started.wait_ready()
    return started


@pytest.fixture
def theirs(server):
    """Return MLflow's client of it."""
    url = server.client.base_url
    return ScoringServerClient(url.host, url.port)


def own_scores(server, rows):
    answer = server.client.post("/v1/models/tiny/score/batch", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    return answer.json()["scores"]


def test_their_client_gets_the_decisions_of_our_own_route(server, theirs, row):
    rows = [row, {**row, "years": None}, {**row, "income": 1500.5, "housing": "own"}]
    frame = pd.DataFrame(rows)
    theirs.wait_server_ready(timeout=10)
    answer = theirs.invoke(frame)
    found = answer.get_predictions()
    own = own_scores(server, rows)
    assert found["probability"].tolist() == [one["probability"] for one in own]
    assert found["decision"].tolist() == [one["decision"] for one in own]
    assert answer["version"] == "1"


def test_what_the_contract_refuses_is_their_clients_error_with_the_field(theirs, row):
    with pytest.raises(Exception, match=r"error code 422.*income.*below_minimum"):
        theirs.invoke(pd.DataFrame([{**row, "income": 1.0}]))


@pytest.mark.parametrize(
    "shape", ["records", "split", "inputs", "instances", "one", "csv"]
)
def test_every_shape_of_the_protocol_is_the_same_request(server, row, shape):
    rows = [row, {**row, "years": None, "has_account": False}]
    names = list(row)
    columns = {name: [one[name] for one in rows] for name in names}
    split = {"columns": names, "data": [list(one.values()) for one in rows]}
    bodies = {
        "records": {"dataframe_records": rows},
        "split": {"dataframe_split": {**split, "index": [0, 1]}},
        "inputs": {"inputs": columns},
        "instances": {"instances": rows},
        "one": {"inputs": row},
    }
    if shape == "csv":
        content, kind = pd.DataFrame(rows).to_csv(index=False), "text/csv"
    else:
        content, kind = json.dumps(bodies[shape]), "application/json; charset=utf-8"
    answer = server.client.post(
        "/invocations", content=content, headers={"Content-Type": kind}
    )
    assert answer.status_code == 200, answer.text
    expected = own_scores(server, rows[:1] if shape == "one" else rows)
    assert answer.json()["predictions"] == expected


def test_ping_is_a_503_until_a_champion_answers(serve):
    server = serve()
    server.wait(lambda client: "nightly" in client.get("/ready").text)
    assert server.client.get("/ping").status_code == 503
