"""Questions over HTTP: quoted, refused, streamed, on record; the index may move."""

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import onnx
import pytest
from fastapi.testclient import TestClient
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from typer.testing import CliRunner

from assay.ledger.reading import find_record
from assay.retrieval.answers.candidates import read_candidates
from assay.retrieval.documents import Corpus
from assay.retrieval.index import Encoding, build_version, promote_version
from assay.retrieval.index.disk import file_digest, text_digest
from assay.retrieval.index.encoders import query_encoder
from assay.retrieval.search import shipped_defaults
from assay.retrieval.types import Document, Metadata
from assay.settings import Settings
from deployments.command import command
from serving.app import create_app
from tests.serving.conftest import ROOT

QUESTION = "What was Northwind's net interest income in 2021?"
TEXT = (
    "Net interest income was $1,393.9 million in 2021. The bank ran 342 offices.\n\n"
    "Card fees were $88.1 million."
)
NORTHWIND = Document(
    "filings/northwind 2021.md",
    "Northwind Bank 2021 annual report",
    TEXT,
    Metadata(company="Northwind Bank", fiscal_year=2021, form="annual report"),
)
ADLER = Document(
    "adler.md",
    "Adler AG 2022 annual report",
    "Adler builds excavators in Kassel. Sales were $12.0 million in 2022.",
    Metadata(company="Adler AG", fiscal_year=2022),
)


def write_encoder(root) -> str:
    """Write a small real encoder, the mean of word vectors, and return its name."""
    words = sorted(set((TEXT + ADLER.text).lower().split()))
    vocabulary = {word: row for row, word in enumerate(["[UNK]", "[PAD]", *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 # no secret
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), Whitespace()
    table = np.random.default_rng(0).normal(size=(len(vocabulary), 16))
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["vectors"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["vectors", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["embedding"], keepdims=0),
    ]
    both = ["texts", "tokens"]
    graph = helper.make_graph(
        nodes,
        "mean",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, both),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, both),
        ],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", 16])],
        initializer=[
            numpy_helper.from_array(table.astype(np.float32), "table"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "tokens"),
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    folder = root / "encoders" / "made"
    folder.mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, opset_imports=opsets, ir_version=10),
        folder / "fp32.onnx",
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {"n_dimensions": 16, "max_tokens": 64}
    (folder / "encoder.json").write_text(json.dumps(about))
    files = ("fp32.onnx", "tokenizer.json", "encoder.json")
    name = text_digest(*(one + file_digest(folder / one) for one in files))[:24]
    folder.rename(root / "encoders" / name)
    return name


@pytest.fixture
def publish(settings: Settings):
    """Build and promote an index of documents; return its version."""
    root = settings.document_index
    name = write_encoder(root)
    shipped = shipped_defaults()
    # The shipped gate knows a real encoder's cosines; the rest is what is tried here.
    defaults = replace(shipped, gate=replace(shipped.gate, threshold=0.0))

    def published(*documents, promote=True):
        encoding = Encoding(name, query_encoder(root, name))
        built = build_version(root, Corpus(documents), encoding, defaults=defaults)
        if promote:
            promote_version(root, built.manifest.version, {"passed": True})
        return built.manifest.version

    return published


@pytest.fixture
def client(settings: Settings):
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def ask(client, question=QUESTION, **more):
    return client.post("/v1/answers", json={"question": question, **more})


@pytest.fixture
def answering(publish, client):
    publish(NORTHWIND, ADLER)
    until(lambda: ask(client).status_code == 200)
    return client


def test_without_an_index_it_says_503_and_answers_once_there_is_one(client, publish):
    refused = ask(client)
    assert refused.status_code == 503
    assert "index-documents" in refused.json()["detail"]
    assert refused.headers["retry-after"] == "1"
    assert client.get("/live").status_code == 200
    publish(NORTHWIND)
    until(lambda: ask(client).status_code == 200)


def test_an_answer_is_quoted_located_and_on_record(answering, settings):
    found = ask(answering, filters={"fiscal_year": [2021]}, k=1).json()
    assert found["answered"]
    assert found["refusals"] == []
    quote = found["quotes"][0]
    assert "$1,393.9 million" in quote["text"]
    assert TEXT[quote["start"] : quote["end"]] == quote["text"]
    assert len(found["passages"]) == 1
    line = find_record(settings.ledger_folder, found["id"])
    kept = json.loads(line.body)["entry"]
    assert kept["kind"] == "answer"
    assert kept["index_version"] == found["index_version"]
    assert kept["passages"] == list(found["passages"])
    assert kept["gate"]["probability"] == found["probability"]
    assert kept["writer"] == "extractive"
    assert kept["encoder"]
    assert kept["latency_us"] > 0


def test_a_refusal_says_which_and_is_on_record(answering, settings):
    found = ask(answering, "What was Velmora Energy's revenue in 2021?").json()
    assert found["refusals"] == ["entity_not_in_documents"]
    assert found["missing"] == ["Velmora Energy"]
    assert found["quotes"] == []
    line = find_record(settings.ledger_folder, found["id"])
    refusals = json.loads(line.body)["entry"]["gate"]["refusals"]
    assert refusals == ["entity_not_in_documents"]


def test_personal_data_of_a_question_does_not_reach_the_ledger(answering, settings):
    found = ask(answering, "Was card 4111 1111 1111 1111 charged for Northwind?").json()
    body = find_record(settings.ledger_folder, found["id"]).body
    assert b"4111" not in body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"question": ""}', 422),
        (b'{"question": "   "}', 422),
        (b'{"question": "?!"}', 422),
        (json.dumps({"question": "x" * 4001}).encode(), 422),
        (b'{"question": 7}', 422),
        (b'{"question": null}', 422),
        (b'{"question": "a\\u0000b"}', 422),
        (b'{"question": "ok", "k": 0}', 422),
        (b'{"question": "ok", "k": 51}', 422),
        (b'{"question": "ok", "colour": "red"}', 422),
        (b'{"question": "ok", "filters": {"form": null}}', 422),
        (b"{}", 422),
        (b"[]", 422),
        (b"\xff\xfe", 400),
        (b'{"question"', 400),
    ],
)
@pytest.mark.parametrize("route", ["/v1/answers", "/v1/answers/stream"])
def test_what_is_no_question_is_refused_before_any_index(client, route, body, status):
    found = client.post(route, content=body, headers={"content-type": "application/json"})
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["detail"]


def test_the_stream_gives_evidence_quotes_and_the_same_answer(answering):
    text = answering.post("/v1/answers/stream", json={"question": QUESTION}).text
    events = [
        (kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for kind, data in (one.split("\n", 1) for one in text.strip().split("\n\n"))
    ]
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "evidence"
    assert kinds[1] == "quote"
    assert kinds[-1] == "answer"
    plain, streamed = ask(answering).json(), events[-1][1]
    assert plain.pop("id") != streamed.pop("id")
    assert plain == streamed


def test_a_passage_comes_with_what_stands_around_it(answering):
    (name, *_) = ask(answering, k=1).json()["passages"]
    path = "/v1/passages/" + name.replace("#", "%23").replace(" ", "%20")
    found = answering.get(path, params={"context": 9}).json()
    assert TEXT[found["start"] : found["end"]] == found["text"]
    before = TEXT[max(0, found["start"] - 9) : found["start"]]
    assert found["before"] == before
    assert found["metadata"]["company"] == "Northwind Bank"
    assert answering.get("/v1/passages/none%230-9").status_code == 404
    assert answering.get(path, params={"context": "-1"}).status_code == 422


def test_feedback_is_kept_as_a_candidate_and_in_the_ledger(answering, settings):
    given = ask(answering).json()["id"]
    said = {"verdict": "wrong", "contains": "342", "documents": ["adler.md"]}
    kept = answering.post(f"/v1/answers/{given}/feedback", json=said)
    assert kept.status_code == 201
    (candidate,) = read_candidates(settings.document_index)
    assert candidate["id"] == kept.json()["candidate"]
    assert candidate["question"] == QUESTION
    assert candidate["kind"] == "answerable"
    assert candidate["answer_id"] == given
    assert find_record(settings.ledger_folder, kept.json()["id"])


@pytest.mark.parametrize("address", ["answers:999", "answers:1", "nobody", "w:1"])
def test_feedback_on_no_answer_is_not_kept(answering, settings, address):
    found = answering.post(f"/v1/answers/{address}/feedback", json={"verdict": "right"})
    assert found.status_code == 404
    assert read_candidates(settings.document_index) == ()


def test_a_version_answers_once_the_pointer_names_it(answering, publish):
    first = ask(answering).json()["index_version"]
    second = publish(replace(NORTHWIND, text=TEXT + " Deposits were $9 million."), ADLER)
    assert second != first
    until(lambda: ask(answering).json()["index_version"] == second)


def test_a_version_that_is_corrupt_when_the_pointer_moves_is_refused(
    answering, publish, settings
):
    first = ask(answering).json()["index_version"]
    root = settings.document_index
    broken = publish(ADLER, promote=False)
    pointer = json.loads((root / "current.json").read_text())
    (root / "versions" / broken / "weights.json").write_text("{}")
    pointer["versions"].append(broken)
    (root / "current.json").write_text(json.dumps(pointer))
    keeper = answering.app.state.answers.keeper
    until(lambda: broken in keeper.problem)
    assert ask(answering).json()["index_version"] == first


def test_a_language_model_that_does_not_answer_leaves_the_quoted_answer(
    publish, settings, free_port
):
    publish(NORTHWIND)
    url = f"http://127.0.0.1:{free_port}/v1"
    named = {"language_model": "prose", "language_model_url": url}
    with TestClient(create_app(settings.model_copy(update=named))) as client:
        until(lambda: ask(client).status_code == 200)
        found = ask(client).json()
    assert found["answered"]
    assert found["writer"] == "extractive"
    assert found["note"].startswith("quoted instead of written by prose: ")
    line = find_record(settings.ledger_folder, found["id"])
    assert json.loads(line.body)["entry"]["note"] == found["note"]


def test_without_a_ledger_no_answer_is_given(publish, settings):
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.ledger_folder.write_text("no folder")
    publish(NORTHWIND)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        until(lambda: "index" not in ask(client).json()["detail"])
        found = ask(client)
    assert found.status_code == 503
    assert "ledger" in found.json()["detail"]
    assert "1,393.9" not in found.text


def test_the_command_gives_the_same_cited_answer(answering, settings, monkeypatch):
    monkeypatch.setenv("ASSAY_HOME", str(settings.home))
    for question in (QUESTION, "What was Velmora Energy's revenue?"):
        over_http = ask(answering, question).json()
        over_http.pop("id")
        ran = CliRunner().invoke(command(), ["ask", question, "--json"])
        assert ran.exit_code == 0, ran.output
        assert json.loads(ran.stdout) == over_http
        page = CliRunner().invoke(command(), ["ask", question]).stdout
        assert page.startswith(over_http["text"])


def test_a_service_without_an_index_loads_no_library_of_documents():
    code = (
        "import sys; from serving.app import create_app; create_app()\n"
        "bad = {'torch', 'transformers', 'pandas', 'assay.retrieval'}\n"
        "bad &= set(sys.modules)\n"
        "assert not bad, bad"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_an_answering_service_still_loads_neither_torch_nor_pandas(publish, settings):
    publish(NORTHWIND)
    code = (
        "import sys; from assay.settings import Settings\n"
        "from serving.answers.desk import AnswerDesk\n"
        "from serving.answers.requests import Question\n"
        "desk = AnswerDesk(Settings(home=sys.argv[1]))\n"
        "desk.keeper.look()\n"
        f"assert desk.answer(Question(question={QUESTION!r}), 'r')['answered']\n"
        "bad = {'torch', 'transformers', 'pandas', 'scipy', 'sklearn'}\n"
        "bad &= set(sys.modules)\n"
        "assert not bad, bad"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, settings.home],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
