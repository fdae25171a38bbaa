"""A champion of boosted trees with reasons, trained on rows with every kind of field."""

import asyncio
import dataclasses
from pathlib import Path

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.bundle import Bundle, Manifest, MetricValue, Parts, read_bundle, write_bundle
from assay.contract import read_contract
from assay.ledger.checkpoint import write_checkpoint
from assay.ledger.signing import public_bytes
from assay.ledger.standalone import verify_ledger
from assay.models import fit_challenger
from assay.models.golden import golden_rows
from assay.reasons import REASONS
from serving.app import create_app
from serving.champion import load_champion
from tasks.reasons import reasons_document
from tests.serving.conftest import MadeBundle
from tests.unit.models.conftest import CONTRACT, draw

TEXT = CONTRACT.format(maturity="", time="")
for _name, _reason in (
    ("amount", "The amount"),
    ("n_events", "Number of events"),
    ("region", "Region"),
):
    TEXT = TEXT.replace(
        f'name = "{_name}"\n', f'name = "{_name}"\nreason = "{_reason}"\n', 1
    )
TEXT += """
[[field]]
name = "case"
dtype = "text"
role = "identifier"
[[field]]
name = "at"
dtype = "timestamp"
role = "event_time"
"""

ROW = {
    "case": "A-1",
    "at": "2026-11-20T14:30:00Z",
    "amount": 12.5,
    "rare amount": None,
    "n_events": 2,
    "is_known": True,
    "term.months": 24,
    "region": "north",
}
GOOD = {**ROW, "amount": -80.0, "n_events": 0, "region": "south"}
BAD = {**ROW, "amount": 80.0, "n_events": 9, "region": "a word of its own"}


@pytest.fixture(scope="session")
def fitted():
    contract = read_contract(TEXT)
    frame = draw(3_000, 0)
    return fit_challenger(frame, contract, n_resamples=100, folds=0), frame


@pytest.fixture(scope="session")
def parts(fitted) -> Parts:
    model, frame = fitted
    manifest = Manifest(
        model_name="sample",
        algorithm=model.algorithm,
        parameters={},
        threshold=model.threshold,
        seed=0,
        n_rows=model.split.sizes,
        metrics={"auc": MetricValue(value=0.7, low=0.6, high=0.8)},
        contract_digest=model.contract.digest,
        snapshot_digest="0" * 64,
        code_revision="none",
        lock_digest="1" * 64,
        library_versions={},
    )
    return Parts(
        manifest=manifest,
        graph=model.graph(),
        contract_text=TEXT,
        golden=golden_rows(model, frame),
        documents={REASONS: reasons_document(model, frame)},
    )


@pytest.fixture(scope="session")
def bundle(parts, tmp_path_factory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundle") / "made"
    write_bundle(folder, parts)
    return read_bundle(folder)


@pytest.fixture(scope="session")
def champion(bundle):
    return load_champion("sample", "7", bundle)


@pytest.fixture(scope="session")
def without_reasons(bundle):
    """Return the version as it was before reasons were part of a bundle."""
    return load_champion("sample", "6", dataclasses.replace(bundle, documents={}))


@pytest.fixture
def sample(bundle, registry, settings):
    """Return settings under which the service answers for the trained version."""
    registry.register(1, MadeBundle(bundle.folder, bundle.digest), "sample")
    return settings.model_copy(update={"default_model": "sample"})


@pytest.fixture
async def client(sample):
    app = create_app(sample)
    await asyncio.to_thread(app.state.catalogue.refresh)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made
    app.state.decider.stream.close()


def records(folder: Path) -> list[dict]:
    found = []
    for file in sorted((folder / "streams").glob("*/*.ndjson")):
        for line in file.read_bytes().splitlines():
            entry = orjson.loads(line)["record"]
            if entry["entry"]["kind"] not in ("opened", "sealed", "recovered"):
                found.append(entry)
    return found


def passes(folder: Path) -> bool:
    key = Ed25519PrivateKey.generate()
    write_checkpoint(folder, key)
    return verify_ledger(folder, public_bytes(key)).passed


@pytest.fixture
def serve_sample(sample, serve):
    """Start the service in its own process and wait until it answers."""
    del sample  # registers the version

    def start(**environment):
        server = serve(ASSAY_DEFAULT_MODEL="sample", **environment)
        server.wait_ready()
        return server

    return start
