"""Real data through the deep gate: a first champion, and a challenger refused."""

import hashlib
import json

import httpx
import pytest

from assay.adapters.tracking import Registry
from assay.errors import RegistryError
from flows.nightly import nightly
from flows.promote_challenger import promote_challenger
from flows.train_challenger import train_challenger
from flows.try_version import try_version
from tests.flows.test_nightly import artifacts

MODEL = "taiwan_credit"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def fetched(url):
    answer = httpx.get(url, timeout=30)
    answer.raise_for_status()
    return answer


async def test_public_credit_data_with_protected_fields_goes_through_the_whole_gate(
    flow_settings, shared_data
):
    outcome = (await nightly(MODEL, str(shared_data / "credit_taiwan.parquet")))[MODEL]

    assert outcome["failures"] == []
    assert outcome["promoted"]
    champion = Registry(flow_settings).champion(MODEL)
    assert champion.tags["assay.gate"] == "kept"
    assert champion.tags["assay.validation_report"] == outcome["report_url"]
    evidence = fetched(outcome["report_url"].replace("report.html", "evidence.json"))
    digest = hashlib.sha256(evidence.content).hexdigest()
    assert digest == outcome["evidence_digest"] == champion.tags["assay.evidence_digest"]
    found = json.loads(evidence.text)["evidence"]
    assert {each["field"] for each in found["fairness"]} == {"SEX", "AGE", "MARRIAGE"}
    assert {each["field"] for each in found["alternatives"]} >= {"SEX", "AGE"}
    page = fetched(outcome["report_url"]).text
    for words in (
        "Cost (TWD thousand per client) against the smallest approval ratio",
        "approval ratio of SEX = 1 against 2",
        "data:image/png;base64,",
    ):
        assert words in page
    for key in ("validation-report", "validation-page", "card-page", "promotion"):
        assert await artifacts(f"taiwan-credit-{key}"), key


async def test_a_weaker_second_challenger_is_refused_and_told_why(flow_settings):
    registry = Registry(flow_settings)
    before = registry.champion(MODEL)
    snapshot = before.tags["assay.snapshot_uri"]
    await train_challenger(MODEL, snapshot, algorithm="logistic", folds=0)

    outcome = await promote_challenger(MODEL)

    assert not outcome["promoted"]
    assert any(
        failure.startswith("auc against the champion") for failure in outcome["failures"]
    )
    assert registry.champion(MODEL) == before
    refused = next(v for v in registry.versions(MODEL) if v.version == outcome["version"])
    assert refused.tags["assay.gate"] == "failed"
    with pytest.raises(RegistryError, match="the gate refused version"):
        await try_version(MODEL, refused.version, 0.1)
    watched = await try_version(MODEL, refused.version, 0.0)
    assert watched["version"] == refused.version
    page = fetched(refused.tags["assay.validation_report"]).text
    assert "Refused: " in page
    assert "What changed since the champion" in page
    assert "<td>boosting</td><td>logistic</td><td>changed</td>" in page
