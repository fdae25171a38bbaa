"""The ledger's flows on a real server: sign, ship, collect labels, retain."""

from __future__ import annotations

import json

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.ledger.tables import newest_labels
from assay.ledger import StreamWriter, entry_bytes
from assay.ledger.signing import read_public
from assay.ledger.standalone import verify_ledger
from flows.checkpoint_ledger import checkpoint_ledger
from flows.retain_ledger import retain_ledger
from flows.ship_ledger import ship_ledger


async def test_from_an_empty_ledger_to_signed_shipped_and_retained(
    flow_settings, monkeypatch
):
    settings = flow_settings
    assert (await checkpoint_ledger())["records"] == 0
    assert (await ship_ledger())["records"] == 0
    writer = StreamWriter(settings.ledger_folder, "worker-1", segment_bytes=2000)
    for number in range(20):
        request = {"request_id": f"flow-{number}", "model": "m", "policy": "short"}
        writer.stage(entry_bytes({"kind": "decision", **request}))
        outcome = {"decision": "worker-1:2", "label": number % 2, "is_late": False}
        moment = {"observed_at": "2026-11-21T00:00:00+00:00"}
        writer.stage(entry_bytes({"kind": "outcome", **request, **outcome, **moment}))
        writer.commit()
    writer.close()

    signed = await checkpoint_ledger()
    assert (signed["number"], (await checkpoint_ledger())["number"]) == (1, 1)
    shipped = await ship_ledger()
    assert (shipped["records"], shipped["labels"]) == (signed["records"], 20)
    again = await ship_ledger()
    assert (again["segments"], again["records"], again["labels"]) == (
        shipped["segments"],
        0,
        0,
    )
    assert sum(row.label for row in newest_labels(settings, "m").values()) == 10

    profiles = {"short": {"keep_days": 0, "delete_days": 0}}
    monkeypatch.setenv("ASSAY_LEDGER_RETENTION", json.dumps(profiles))
    retained = await retain_ledger()
    assert retained["segments"] == shipped["segments"]
    public = read_public(settings.ledger_signing_key.with_suffix(".pub"))
    seen = verify_ledger(settings.ledger_folder, public)
    assert seen.passed
    assert seen.n_covered == signed["records"]
    async with get_client() as client:
        key = ArtifactFilterKey(any_=["ledger-retention"])
        (page,) = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    assert "retention of short" in str(page.data)
