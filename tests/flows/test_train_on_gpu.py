"""A network from data to a judged version that the service answers with."""

from __future__ import annotations

import json

import pytest
import torch
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.tracking import Registry
from assay.adapters.tracking.client import mlflow_client
from assay.errors import ConfigError, DeviceError
from assay.reasons import REASONS
from assay.reasons.networks import NetworkTable
from flows.train_on_gpu import train_on_gpu
from serving.champion import load_champion
from serving.scoring.deciding import decide

MODEL = "credit_default"
SOURCE = "simulate:lender?n_applicants=3000&start=2025-06-01&days=365&seed=7"
AS_OF = "2026-06-01T00:00:00+00:00"
SMALL = {"width": 16, "most_epochs": 12, "learning_rate": 5e-3, "batch_rows": 64}


@pytest.mark.slow
async def test_a_network_is_trained_compared_judged_and_served(flow_settings):
    outcome = await train_on_gpu(
        *(MODEL, "expert_network", "cpu"),
        **{"source": SOURCE, "as_of": AS_OF, "options": SMALL},
    )

    registry = Registry(flow_settings)
    record = registry.with_alias(MODEL, "challenger")
    assert record.bundle_digest == outcome["bundle_digest"]
    assert isinstance(outcome["failures"], list)  # the gate has judged it
    assert not [rule for rule in outcome["failures"] if "second fit" in rule]

    bundle = registry.fetch_bundle(record, flow_settings.bundle_cache)
    assert {REASONS, "against_boosting.md", "card.md"} <= set(bundle.documents)
    assert bundle.manifest.algorithm == "expert_network"
    assert bundle.manifest.parameters["device"] == "cpu"
    assert bundle.manifest.library_versions["torch"] == torch.__version__

    champion = load_champion(MODEL, str(record.version), bundle)
    assert isinstance(champion.explainer.table, NetworkTable)
    decision = decide(champion, json.dumps(dict(champion.example)).encode())
    assert 0 < decision.probability < 1

    (page,) = await artifacts("credit-default-against-boosting")
    assert "Prefer " in page
    assert "Use of experts" in page
    client = mlflow_client(flow_settings)
    live = client.get_run(registry_run(client, record.run_id))
    curve = client.get_metric_history(live.info.run_id, "validation_loss")
    assert [each.step for each in curve] == list(range(1, len(curve) + 1))
    assert 3 <= len(curve) <= 12
    assert live.info.status == "FINISHED"
    assert not list((flow_settings.home / "checkpoints").glob("*.pt"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
async def test_a_run_that_asks_for_cuda_and_lands_without_it_fails_with_the_reason():
    with pytest.raises(DeviceError, match="0 devices are visible"):
        await train_on_gpu(MODEL, "residual_network", source="not read at all")


async def test_an_option_that_is_out_of_range_fails_before_anything_is_read():
    with pytest.raises(ConfigError, match="width = 0"):
        await train_on_gpu(
            MODEL, device="cpu", source="not read at all", options={"width": 0}
        )


def registry_run(client, run_id):
    """Return the run in which the training was logged while it ran."""
    return client.get_run(run_id).data.tags["assay.training_run"]


async def artifacts(key):
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [one.data for one in found]
