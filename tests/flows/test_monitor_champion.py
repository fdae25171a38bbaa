"""Monitoring end to end on real services: a recession becomes an alert and a report."""

import shutil
from datetime import date

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.alerts import alerts, deliveries
from assay.errors import DataError, SourceError
from assay.simulate.drift import Drift
from assay.simulate.lender import simulate_lender
from deployments.environment import project_root
from flows.monitor_champion import monitor_champion
from flows.nightly import nightly
from flows.watch_files import watch_files

MODEL = "lender_watched"


@pytest.fixture(autouse=True)
def own_model(flow_settings, tmp_path, monkeypatch):
    """Watch a model of its own, which no other test trains and nobody signs for."""
    data = project_root() / "data"
    for name in ("contracts", "policies"):
        shutil.copytree(data / name, tmp_path / name)
        monkeypatch.setenv(f"ASSAY_{name.upper()}", str(tmp_path / name))
    shipped = (tmp_path / "contracts" / "credit_default.toml").read_text()
    own = shipped.replace('"credit_default"', f'"{MODEL}"', 1)
    (tmp_path / "contracts" / f"{MODEL}.toml").write_text(own)
    rules = tmp_path / "policies" / "signoff.toml"
    rules.write_text(
        rules.read_text().replace('default_tier = "medium"', 'default_tier = "low"')
    )
    return flow_settings


def source(**options):
    given = "".join(f"&{name}={value}" for name, value in options.items())
    return f"simulate:lender?n_applicants=24000&start=2025-06-01&days=730&seed=7{given}"


async def keys():
    wanted = ArtifactFilter(key=ArtifactFilterKey(like_="lender-watched-"))
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=wanted)
    return {one.key for one in found}


@pytest.mark.timeout(1_800)  # on a busy machine four flows and Evidently's import add up
async def test_a_recession_becomes_one_alert_however_often_one_looks(flow_settings):
    await nightly(MODEL, source(), as_of="2026-06-01T00:00:00+00:00")
    calm = await monitor_champion(MODEL, source(), as_of="2026-07-01T00:00:00+00:00")
    assert calm["alerts"] == []
    assert calm["n_matured"] > 500

    worse = source(drift="recession", drift_start="2026-07-01")
    found = [
        await monitor_champion(MODEL, worse, as_of=f"2026-{month}-01T00:00:00+00:00")
        for month in (11, 12)
    ]
    assert len(found[0]["alerts"]) == 1
    assert found[0]["alerts"] == found[1]["alerts"]
    (alert,) = alerts(flow_settings)
    assert (alert.measure, alert.state, alert.n_seen) == ("concept_drift", "open", 2)
    assert alert.owner == "credit-risk"
    assert alert.evidence["realised_rate"] > alert.evidence["expected_rate"]
    # No address is set for the shipped policy's channel: the delivery waits, visible.
    (delivery,) = deliveries(flow_settings)
    assert (delivery.channel, delivery.state) == ("operators", "pending")
    assert await keys() >= {
        "lender-watched-watch",
        "lender-watched-watch-stability",
        "lender-watched-evidently",
    }


@pytest.mark.timeout(1_800)
async def test_files_among_two_workers_give_the_alarms_of_the_whole(
    flow_settings, tmp_path, monkeypatch
):
    drift = Drift("price", date(2026, 7, 1), 1.5)
    moved, calm = tmp_path / "moved", tmp_path / "calm"
    for folder, change in ((moved, drift), (calm, None)):
        folder.mkdir()
        rows = simulate_lender(
            n_applicants=6_000, start=date(2026, 7, 1), days=30, seed=11, drift=change
        ).frame
        for number in range(6):
            rows.iloc[number::6].to_parquet(folder / f"part-{number}.parquet")

    quiet = await watch_files(MODEL, str(calm))
    assert (quiet["n_files"], quiet["n_rows"], quiet["alerts"]) == (6, 6_000, [])
    monkeypatch.setenv("ASSAY_FAN_OUT", "dask:2")
    apart = await watch_files(MODEL, str(moved))
    told = [one for one in alerts(flow_settings) if one.alert_id in apart["alerts"]]
    assert {one.measure for one in told} == {"data_drift"}
    assert "interest_rate" in {one.subject for one in told}
    monkeypatch.setenv("ASSAY_FAN_OUT", "")
    assert (await watch_files(MODEL, str(moved)))["alerts"] == apart["alerts"]
    assert await keys() >= {"lender-watched-files", "lender-watched-files-stability"}

    lacking = moved / "part-9.parquet"
    rows.drop(columns="interest_rate").to_parquet(lacking)
    with pytest.raises(DataError, match=r"part-9.parquet lacks 1 of .*interest_rate"):
        await watch_files(MODEL, str(moved))
    lacking.write_bytes(b"PAR1 torn")
    with pytest.raises(SourceError, match=r"part-9.parquet does not read"):
        await watch_files(MODEL, str(moved))
    with pytest.raises(DataError, match="0 Parquet files"):
        await watch_files(MODEL, str(tmp_path / "none"))
