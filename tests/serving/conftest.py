"""A registry double over real HTTP, bundles with hand-made graphs, a real server."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

import httpx
import numpy as np
import onnx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper, numpy_helper

from assay.bundle import (
    Golden,
    Manifest,
    MetricValue,
    Parts,
    Scorer,
    bundle_signature,
    write_bundle,
)
from assay.contract import Contract, read_contract
from assay.history.chain import Link, next_link
from assay.history.entry import Change, change_content, entry_of, history_of
from assay.history.statement import STATEMENT_TAG, statement_text
from assay.history.traffic import Served, Traffic
from assay.ledger.signing import public_bytes
from assay.settings import Settings
from serving.trust import Trust

ROOT = Path(__file__).parents[2]

CONTRACT = """
name = "tiny"
revision = 1
purpose = "Probability that a loan goes bad."
owner = "tests"
[label]
field = "bad"
[decision]
name = "grant a loan"
positive_action = "decline"
negative_action = "approve"
[decision.costs]
unit = "USD"
false_positive = 1
false_negative = 5
[gates]
floors = { auc = 0.6 }
margins = { auc = 0.0 }
[limits]
batch_rows = 3
[[field]]
name = "case number"
dtype = "text"
role = "identifier"
[[field]]
name = "seen-at"
dtype = "timestamp"
role = "event_time"
[[field]]
name = "income"
dtype = "number"
unit = "USD per year"
minimum = 1000
maximum = 2000000
[[field]]
name = "years"
dtype = "number"
minimum = 0
nulls = "allow"
[[field]]
name = "n_loans"
dtype = "integer"
minimum = 0
maximum = 50
[[field]]
name = "term"
dtype = "category"
categories = [12, 24, 36]
[[field]]
name = "housing"
dtype = "category"
categories = ["own", "rent"]
[[field]]
name = "purpose"
dtype = "category"
categories = ["car", "home"]
unseen = "allow"
nulls = "allow"
[[field]]
name = "has_account"
dtype = "boolean"
[[field]]
name = "age"
dtype = "integer"
role = "protected"
[[field]]
name = "note"
dtype = "text"
role = "ignored"
[[field]]
name = "bad"
dtype = "integer"
role = "label"
"""

ROW = {
    "income": 50000,
    "years": 2.5,
    "n_loans": 1,
    "term": 24,
    "housing": "rent",
    "purpose": "car",
    "has_account": True,
}


def hand_made_graph(contract: Contract, bias: float) -> bytes:
    """Return sigmoid(bias + 0.01 * sum of all features), missing and words being 0."""
    nodes = []
    for position, feature in enumerate(contract.features):
        name, out = feature.name, f"term{position}"
        if feature.has_text_categories:
            nodes += [
                helper.make_node(
                    "LabelEncoder",
                    [name],
                    [f"code{position}"],
                    domain="ai.onnx.ml",
                    keys_strings=list(feature.categories),
                    values_int64s=[0] * len(feature.categories),
                    default_int64=0,
                ),
                helper.make_node(
                    "Cast", [f"code{position}"], [out], to=TensorProto.DOUBLE
                ),
            ]
        else:
            nodes += [
                helper.make_node("IsNaN", [name], [f"gone{position}"]),
                helper.make_node("Where", [f"gone{position}", "zero", name], [out]),
            ]
    terms = [f"term{position}" for position in range(len(contract.features))]
    nodes += [
        helper.make_node("Sum", terms, ["sum"]),
        helper.make_node("Mul", ["sum", "slope"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        contract.name,
        [
            helper.make_tensor_value_info(
                feature.name,
                TensorProto.STRING if feature.has_text_categories else TensorProto.DOUBLE,
                [None],
            )
            for feature in contract.features
        ],
        [helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None])],
        initializer=[
            numpy_helper.from_array(np.zeros(1), "zero"),
            numpy_helper.from_array(np.full(1, 1e-6), "slope"),
            numpy_helper.from_array(np.full(1, bias), "bias"),
        ],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 2)]
    return onnx.helper.make_model(
        graph, opset_imports=opsets, ir_version=10
    ).SerializeToString()


@dataclass
class MadeBundle:
    """A bundle on disk and its digest."""

    folder: Path
    digest: str


@pytest.fixture
def contract() -> Contract:
    return read_contract(CONTRACT)


@pytest.fixture
def row() -> dict:
    return dict(ROW)


def write_made(
    folder: Path,
    bias: float = 0.0,
    contract_text: str = CONTRACT,
    golden_shift: float = 0.0,
    threshold: float = 0.5,
    model_name: str | None = None,
    rows: tuple[dict, ...] = (ROW, {**ROW, "years": None, "purpose": "boat"}),
) -> MadeBundle:
    """Write a bundle; its versions differ by `bias`, a wrong one by `golden_shift`."""
    contract = read_contract(contract_text)
    graph = hand_made_graph(contract, bias)
    columns = {name: [one.get(name) for one in rows] for name in rows[0]}
    expected = Scorer(graph, contract).probabilities(columns) + golden_shift
    manifest = Manifest(
        model_name=model_name or contract.name,
        algorithm="by hand",
        parameters={"bias": bias},
        threshold=threshold,
        seed=0,
        n_rows={"train": 3},
        metrics={"auc": MetricValue(value=0.7, low=0.6, high=0.8)},
        contract_digest=contract.digest,
        snapshot_digest="0" * 64,
        code_revision="none",
        lock_digest="1" * 64,
        library_versions={"onnx": onnx.__version__},
    )
    golden = Golden(rows=rows, probabilities=tuple(expected.tolist()))
    parts = Parts(manifest, graph, contract_text, golden, {"card.md": b"# tiny"})
    return MadeBundle(folder, write_bundle(folder, parts))


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., MadeBundle]:
    """Return `write_made` with a folder of its own for each bundle."""
    made = iter(range(1_000))

    def make(**changes: object) -> MadeBundle:
        return write_made(tmp_path / "made" / str(next(made)), **changes)

    return make


@dataclass
class RegistryDouble:
    """An HTTP server that answers the four routes of MLflow that serving asks."""

    port: int = 0
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    champions: dict[str, dict] = field(default_factory=dict)
    versions: dict[tuple[str, str], dict] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    statements: dict[str, dict[str, str]] = field(default_factory=dict)
    n_registered: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    n_requests: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port that it had before if there was one."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double.n_requests += 1
                status, content = double.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    def stop(self) -> None:
        """Stop listening; connections are refused from here on."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def register(self, version: int, bundle: MadeBundle, model: str = "tiny") -> None:
        """Upload a bundle, sign a statement and move the champion's alias to it."""
        champion, _, files = self.prepared(version, bundle, model)
        self.publish(champion, files, model)

    def upload(self, version: int, bundle: MadeBundle, model: str = "tiny") -> Served:
        """Upload a bundle that nobody is told to serve."""
        one, _, files = self.prepared(version, bundle, model)
        self.files.update(files)
        self.versions[model, one["version"]] = one
        return Served(version, bundle.digest)

    def state(self, change: Callable[[Traffic], Traffic], model: str = "tiny") -> None:
        """Sign and publish the statement of the next entry of a model's history."""
        head = self.links.get(model)
        traffic = change(entry_of(head).traffic if head else Traffic())
        content = change_content(Change("promoted", traffic, "tests", ("a test",)))
        link = next_link(history_of(model), head, content, datetime.now(UTC))
        self.links[model] = link
        name = f"{STATEMENT_TAG}{link.sequence}"
        self.statements[model] = {name: statement_text(link, self.key.sign)}

    def prepared(
        self, version: int, bundle: MadeBundle, model: str = "tiny"
    ) -> tuple[dict, dict[str, str], dict[str, bytes]]:
        """Return a version's entry, its tags and its files, before anyone sees them."""
        path = f"0/models/{model}/{version}"
        files = {
            f"{path}/{file.name}": file.read_bytes() for file in bundle.folder.iterdir()
        }
        tags = {
            "assay.bundle_digest": bundle.digest,
            "assay.bundle_path": path,
            "assay.bundle_signature": bundle_signature(self.key, bundle.digest),
        }
        return {"version": str(version), "tags": tags}, tags, files

    def publish(
        self, champion: dict, files: dict[str, bytes], model: str = "tiny"
    ) -> None:
        """Show the files of a version, then make it the champion."""
        self.files.update(files)
        self.n_registered += 1
        self.champions[model] = champion
        self.versions[model, champion["version"]] = champion
        served = Served(
            int(champion["version"]), champion["tags"].get("assay.bundle_digest", "")
        )
        self.state(
            lambda traffic: Traffic(champion=served, stopped=traffic.stopped), model
        )

    def port_beside(self) -> int:
        """Return a port that nobody listens on now."""
        return unused_port()

    def answer(self, target: str) -> tuple[int, bytes]:
        """Return status and content for a path and its query."""
        url = urlparse(target)
        if url.path == "/api/2.0/mlflow/registered-models/search":
            models = [
                {
                    "name": name,
                    "last_updated_timestamp": self.n_registered,
                    "aliases": [
                        {"alias": "champion", "version": self.champions[name]["version"]}
                    ]
                    if name in self.champions
                    else [],
                    "tags": _pairs(self.statements.get(name, {})),
                }
                for name in {**self.champions, **self.statements}
            ]
            return 200, json.dumps({"registered_models": models}).encode()
        if url.path == "/api/2.0/mlflow/model-versions/get":
            query = parse_qs(url.query)
            one = self.versions[query["name"][0], query["version"][0]]
            version = {"version": one["version"], "tags": _pairs(one["tags"])}
            return 200, json.dumps({"model_version": version}).encode()
        if url.path == "/api/2.0/mlflow/registered-models/alias":
            one = self.champions[parse_qs(url.query)["name"][0]]
            version = {"version": one["version"], "tags": _pairs(one["tags"])}
            return 200, json.dumps({"model_version": version}).encode()
        prefix = "/api/2.0/mlflow-artifacts/artifacts/"
        content = self.files.get(unquote(url.path).removeprefix(prefix))
        return (404, b"{}") if content is None else (200, content)


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


@pytest.fixture
def registry() -> Iterator[RegistryDouble]:
    double = RegistryDouble()
    double.start()
    yield double
    double.stop()


@pytest.fixture
def settings(tmp_path: Path, registry: RegistryDouble) -> Settings:
    folder = tmp_path / "contracts"
    folder.mkdir()
    (folder / "tiny.toml").write_text(CONTRACT)
    return Settings(
        _env_file=None,
        home=tmp_path / "home",
        contracts=folder,
        default_model="tiny",
        mlflow_url=registry.url,
        platform_public_keys=public_bytes(registry.key).hex(),
        api_refresh_seconds=0.05,
        registry_timeout_seconds=2,
    )


@pytest.fixture
def trust(settings: Settings) -> Trust:
    """Return the trust that a service of these settings has."""
    return Trust(is_required=True, named=settings.platform_public_keys, ordinary=Path())


@pytest.fixture
def free_port() -> int:
    return unused_port()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """The service in its own process."""

    client: httpx.Client
    process: subprocess.Popen
    log: Path
    ready_seconds: float = 0.0

    def wait(
        self, condition: Callable[[httpx.Client], bool], seconds: float = 60
    ) -> None:
        """Return once `condition` holds; say what the server logged if it never does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition(self.client):
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        pytest.fail(f"not within {seconds} s:\n{self.log.read_text()}")

    def wait_ready(self) -> None:
        """Return once a champion answers."""
        self.wait(lambda client: client.get("/ready").status_code == 200)

    def version(self) -> str:
        """Return the version that answers."""
        return self.client.get("/v1/models/tiny").json()["version"]


@pytest.fixture
def serve(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start `python -m serving` with the test's settings; all are ended afterwards."""
    servers: list[Server] = []

    def start(**environment: str) -> Server:
        port = unused_port()
        log = tmp_path / f"server-{len(servers)}.log"
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "ASSAY_HOME": str(settings.home),
            "ASSAY_CONTRACTS": str(settings.contracts),
            "ASSAY_DEFAULT_MODEL": "tiny",
            "ASSAY_MLFLOW_URL": settings.mlflow_url,
            "ASSAY_PLATFORM_PUBLIC_KEYS": settings.platform_public_keys,
            "ASSAY_API_PORT": str(port),
            "ASSAY_API_REFRESH_SECONDS": "0.05",
            **environment,
        }
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "serving"],
                cwd=tmp_path,
                env=variables,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        server = Server(client, process, log)
        servers.append(server)
        started = time.monotonic()
        server.wait(lambda client: client.get("/live").status_code == 200)
        server.ready_seconds = time.monotonic() - started
        return server

    yield start
    for server in servers:
        server.client.close()
        server.process.terminate()
        server.process.wait(20)
    shutil.rmtree(settings.home, ignore_errors=True)
