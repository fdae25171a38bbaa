"""The service as a process, against a registry over HTTP."""

import json
import math
import subprocess
import sys
import threading
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def test_a_fresh_server_answers_with_the_champions_decision(
    registry, make_bundle, serve, row
):
    made = make_bundle(bias=0.3)
    registry.register(1, made)
    server = serve()
    server.wait_ready()
    answer = server.client.post(
        "/v1/models/tiny/score",
        json={**row, "case number": "A-7", "seen-at": "2026-11-20T14:30:00Z"},
        headers={"X-Request-Id": "call-1"},
    )
    total = 50000 + 2.5 + 1 + 24 + 1
    expected = 1 / (1 + math.exp(-(total * 1e-6 + 0.3)))
    content = answer.json()
    assert answer.status_code == 200
    assert abs(content.pop("probability") - expected) < 1e-15
    assert content == {
        "model": "tiny",
        "version": "1",
        "bundle_digest": made.digest,
        "role": "champion",
        "request_id": "call-1",
        "threshold": 0.5,
        "decision": "decline",
        "identifier": "A-7",
        "event_time": "2026-11-20T14:30:00Z",
    }
    assert answer.headers["X-Request-Id"] == "call-1"


def test_the_log_holds_no_value_that_a_caller_sent(registry, make_bundle, serve, row):
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    secret = {**row, "income": 7654321987, "case number": "PERSON-4711"}
    refused = server.client.post("/predict", json=secret)
    assert refused.status_code == 422
    assert "7654321987" in refused.text
    server.client.post("/predict", json={**row, "case number": "PERSON-4711"})
    server.client.post("/predict", content=b'{"case number": "PERSON-4711"')
    log = server.log.read_text()
    assert "tiny" in log
    assert "7654321987" not in log
    assert "PERSON-4711" not in log


def test_the_printed_example_is_accepted_as_it_is(registry, make_bundle, serve):
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    example = server.client.get("/v1/models/tiny/example").json()
    answer = server.client.post("/predict", content=json.dumps(example))
    assert answer.status_code == 200, answer.text


def test_no_request_fails_while_the_champion_moves(registry, make_bundle, serve, row):
    versions = {str(n): make_bundle(bias=n / 10) for n in range(6)}
    registry.register(0, versions["0"])
    server = serve()
    server.wait_ready()
    seen: list[tuple[int, str, str, float]] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.client.base_url, trust_env=False) as client:
            while not done.is_set():
                answer = client.post("/predict", json=row)
                content = answer.json()
                seen.append(
                    (
                        answer.status_code,
                        content.get("version", ""),
                        content.get("bundle_digest", ""),
                        content.get("probability", math.nan),
                    )
                )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(1, 6):
        registry.register(n, versions[str(n)])
        server.wait(lambda _, n=n: server.version() == str(n))
    done.set()
    for thread in threads:
        thread.join()
    assert {status for status, *_ in seen} == {200}
    assert {version for _, version, *_ in seen} >= {"1", "5"}
    total = 50000 + 2.5 + 1 + 24 + 1
    for _, version, digest, probability in seen:
        assert digest == versions[version].digest
        logit = total * 1e-6 + int(version) / 10
        assert abs(probability - 1 / (1 + math.exp(-logit))) < 1e-15


def test_health_without_a_model_is_a_503_and_live_is_not(serve):
    server = serve()
    server.wait(lambda client: "nightly" in client.get("/ready").text)
    for path in ("/health", "/ready", "/v1/models/tiny", "/v1/models/tiny/example"):
        assert server.client.get(path).status_code == 503, path
    refused = server.client.post("/predict", json={})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "assay run nightly" in refused.json()["detail"]
    assert server.client.get("/live").status_code == 200
    models = server.client.get("/v1/models").json()["models"]
    assert [(one["model"], one["serves"]) for one in models] == [("tiny", False)]


def test_a_model_is_described_with_its_contract_and_provenance(
    registry, make_bundle, serve
):
    made = make_bundle(threshold=0.25)
    registry.register(3, made)
    server = serve()
    server.wait_ready()
    found = server.client.get("/v1/models/tiny").json()
    assert (found["version"], found["bundle_digest"]) == ("3", made.digest)
    assert found["threshold"] == 0.25
    assert found["metrics"]["auc"] == {"value": 0.7, "low": 0.6, "high": 0.8}
    assert found["provenance"]["snapshot_digest"] == "0" * 64
    assert "income" in [field["name"] for field in found["contract"]["fields"]]
    assert server.client.get("/health").json()["status"] == "healthy"


def test_a_probability_at_the_threshold_takes_the_positive_action(
    registry, make_bundle, serve, row
):
    registry.register(1, make_bundle())
    server = serve()
    server.wait_ready()
    probability = server.client.post("/predict", json=row).json()["probability"]
    registry.register(2, make_bundle(threshold=probability))
    server.wait(lambda _: server.version() == "2")
    assert server.client.post("/predict", json=row).json()["decision"] == "decline"
    registry.register(3, make_bundle(threshold=math.nextafter(probability, 1)))
    server.wait(lambda _: server.version() == "3")
    assert server.client.post("/predict", json=row).json()["decision"] == "approve"


BLOCKED = ("prefect", "pandas", "scipy", "sklearn", "mlflow", "sqlalchemy", "onnx", "dvc")


def test_the_service_scores_where_no_training_library_can_be_imported(
    registry, make_bundle, settings, row
):
    registry.register(1, make_bundle())
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({BLOCKED!r}))\n"
        "from pathlib import Path\n"
        "from assay.settings import Settings\n"
        "from serving.app import create_app\n"
        "from serving.routers.scoring import scored\n"
        f"app = create_app(Settings(_env_file=None, home=Path({str(settings.home)!r}),"
        f" contracts=Path({str(settings.contracts)!r}), default_model='tiny',"
        f" mlflow_url={settings.mlflow_url!r},"
        f" platform_public_keys={settings.platform_public_keys!r}))\n"
        "catalogue = app.state.catalogue\n"
        "catalogue.refresh()\n"
        f"body = {json.dumps(row).encode()!r}\n"
        "answer = scored(catalogue.champion('tiny'), body, 'x')\n"
        "assert b'decline' in answer, answer\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
