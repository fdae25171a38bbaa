"""A version that reads a text answers over HTTP, where torch is not installed."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from assay.contract import read_contract
from assay.encoders.modules import tokenised
from assay.encoders.shape import TextShape
from assay.ledger.reading import find_record
from assay.models import fit_challenger
from assay.reasons.quoting import QUOTES
from tasks.reasons import quotes_document
from tests.serving.conftest import ROOT, MadeBundle
from tests.texts import CONTRACT, notes, small_encoder, write_version

FRAME = notes(300)
NEW = notes(40, seed=9)["words said"].tolist()
NOT_THERE = ("torch", "transformers", "sklearn", "pandas", "huggingface_hub")


@pytest.fixture(scope="module", params=["words", "text_encoder"])
def fitted(request, tmp_path_factory):
    parameters = None
    if request.param == "text_encoder":
        options = {"training": "full", "passes": 6, "encoder_rate": 2e-3}
        folder = small_encoder(tmp_path_factory.mktemp("encoder"))
        parameters = {"encoder": folder, **asdict(TextShape.of(options))}
    contract = read_contract(CONTRACT)
    return fit_challenger(
        FRAME, contract, algorithm=request.param, parameters=parameters, folds=0
    )


@pytest.fixture
def client(fitted, registry, settings, serve, tmp_path):
    """Return a client of a service that serves the version, without the trainers."""
    (settings.contracts / "note.toml").write_text(CONTRACT)
    folder = tmp_path / "note"
    documents = {QUOTES: quotes_document(fitted)}
    digest = write_version(folder, fitted, FRAME, CONTRACT, documents)
    made = MadeBundle(folder, digest)
    registry.register(1, made, "note")
    absent = tmp_path / "absent"
    absent.mkdir()
    for name in NOT_THERE:
        (absent / f"{name}.py").write_text("raise ImportError('not installed here')\n")
    server = serve(PYTHONPATH=f"{absent}:{ROOT}", ASSAY_DEFAULT_MODEL="note")
    server.wait_ready()
    return server.client


def exact(fitted, texts):
    """Return the probabilities in float64: of an encoder by torch."""
    if fitted.algorithm == "words":
        matrix = np.array(texts, dtype=object).reshape(-1, 1)
        log_odds = fitted.pipeline[-1].decision_function(matrix)
    else:
        model = fitted.pipeline[-1].model_
        with torch.no_grad():
            tokens = map(torch.as_tensor, tokenised(model.tokenizer, texts))
            logits = model.module.double()(*tokens).log().numpy()
        model.module.float()
        log_odds = logits[:, 1] - logits[:, 0]
    calibrator = fitted.calibrator
    return 1 / (1 + np.exp(-(calibrator.slope * log_odds + calibrator.intercept)))


def test_its_answers_are_the_trainers_and_each_is_on_record(fitted, client):
    expected = exact(fitted, NEW)
    limit = 1e-12 if fitted.algorithm == "words" else 1e-5
    single = []
    for text, probability in zip(NEW, expected, strict=True):
        answer = client.post("/v1/models/note/score", json={"words said": text})
        assert answer.status_code == 200, answer.text
        content = answer.json()
        assert abs(content["probability"] - probability) < limit
        is_adverse = content["probability"] >= content["threshold"]
        assert content["decision"] == ("hide" if is_adverse else "show")
        assert ("reasons" in content) == is_adverse
        assert answer.headers["x-assay-record"]
        single.append(content["probability"])
    assert {round(value) for value in single} == {0, 1}
    rows = [{"words said": text} for text in NEW]
    batch = client.post("/v1/models/note/score/batch", json={"rows": rows}).json()
    assert [score["probability"] for score in batch["scores"]] == single


def test_an_adverse_answer_quotes_what_weighed_most_and_so_does_its_record(
    fitted, client, settings
):
    text = "the company said profit rose, but debt fell badly"
    answer = client.post("/v1/models/note/score", json={"words said": text})
    content = answer.json()
    assert content["decision"] == "hide"
    first, *others = content["reasons"]
    assert len(others) < 4
    assert first["field"] == "words said"
    assert first["text"] == "What the note says"
    for reason in content["reasons"]:
        assert text[reason["start"] : reason["end"]] == reason["quote"]
    assert {"debt", "fell", "badly"} & set(first["quote"].split())
    rows = {"rows": [{"words said": text}, {"words said": "profit rose"}]}
    batch = client.post("/v1/models/note/score/batch", json=rows).json()
    assert batch["scores"][0]["reasons"] == content["reasons"]
    assert "reasons" not in batch["scores"][1]
    recorded = client.get(f"/v1/decisions/{content['request_id']}").json()
    named = [f"words said[{each['start']}:{each['end']}]" for each in content["reasons"]]
    assert recorded["reasons"] == named
    # Some sixty runs of an encoder's graph, wherever they were made, are its latency.
    line = find_record(settings.ledger_folder, content["request_id"])
    took = json.loads(line.body)["entry"]["latency_us"]
    assert took > (500 if fitted.algorithm == "text_encoder" else 0)
    assert '"quote"' in json.dumps(client.get("/openapi.json").json())


def test_what_breaks_the_contract_is_refused_with_the_limit(client):
    answer = client.post("/v1/models/note/score", json={"words said": "x" * 81})
    assert answer.status_code == 422
    (entry,) = answer.json()["errors"]
    assert entry["rule"] == "above_maximum"
    assert entry["bound"] == 80
    assert entry["allowed"] == "a text of 1 to 80 characters"
    for wrong in (None, "", 5, ["profit"], "a\x00b"):
        answer = client.post("/v1/models/note/score", json={"words said": wrong})
        assert answer.status_code == 422, wrong
    schema = json.dumps(client.get("/openapi.json").json())
    assert '"maxLength": 80' in schema


def test_the_other_protocols_take_a_text_too(client):
    text = "profit fell badly"
    own = client.post("/v1/models/note/score", json={"words said": text}).json()
    tensor = {"name": "words said", "shape": [1], "datatype": "BYTES", "data": [text]}
    answer = client.post("/v2/models/note/infer", json={"inputs": [tensor]})
    assert answer.status_code == 200, answer.text
    outputs = {each["name"]: each["data"] for each in answer.json()["outputs"]}
    assert outputs["probability"] == [own["probability"]]
    body = {"dataframe_records": [{"words said": text}]}
    answer = client.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    assert str(own["probability"]) in answer.text
