"""A causal question end to end: answered, withheld, overridden; everything visible."""

import json
import os
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.adapters.overrides import override_log, plan_log, read_lines
from assay.errors import ConfigError, SourceError
from flows.estimate_effect import estimate_effect
from tasks.effects import read_rows

ROLLOUT = "simulate:rollout?n_branches=40&effect=0.03&seed=7"
TWO_BY_TWO = {
    "treated": "wave_1",
    "post": "after",
    "cluster": "branch",
    "period": "week",
}
REASON = "the board asked for the number and was told of its trend"


async def ask(source=ROLLOUT, design="two_by_two", options=TWO_BY_TWO, **more):
    return await estimate_effect(
        source, design, more.pop("outcome", "approved_share"), options, **more
    )


async def texts(key):
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        )
    return [str(one.data) for one in sorted(found, key=lambda one: one.created)]


async def test_a_rollout_is_answered_with_a_report_that_people_can_open(
    flow_settings, monkeypatch
):
    monkeypatch.setenv("ASSAY_FAN_OUT", "dask:2")
    panel = {"unit_column": "branch", "period": "week", "cohort": "cohort"}

    answer = await ask(others={"event_study": panel}, certificate_copies=20, unit="share")

    assert answer["verdict"] == "report"
    low, high = answer["estimate"]["interval"]
    assert low < 0.03 < high
    assert read_lines(plan_log(flow_settings))[-2]["plan_digest"] == answer["plan_digest"]
    page = (await texts("effect-two-by-two"))[-1]
    for heading in ("Assumptions", "Other designs", "Coverage certificate", "Reproduce"):
        assert f"## {heading}" in page
    assert "get-artifact?path=plots/forest.png" in page
    for part in ("assumptions", "report", "two-by-two", "forest"):
        assert await texts(f"effect-two-by-two-{part}"), part


async def test_a_withheld_number_is_nowhere_and_an_override_leaves_its_line(
    flow_settings,
):
    drifting = f"{ROLLOUT}&trend=0.004"

    hidden = await ask(drifting)
    assert hidden["verdict"] == "withhold"
    assert hidden["estimate"] is None
    assert hidden["naive"] is None

    shown = await ask(drifting, override_reason=REASON, override_by="A. Analyst")
    assert shown["verdict"] == "withhold"
    number = f"{shown['estimate']['value']:.4g}"
    before, after = (await texts("effect-two-by-two"))[-2:]
    assert number in after
    assert "A. Analyst" in after
    assert number not in before
    record = read_lines(override_log(flow_settings))[-1]
    assert (record["who"], record["reason"]) == ("A. Analyst", REASON)
    assert record["plan_digest"] == shown["plan_digest"]


async def test_the_reference_data_give_the_tutorials_estimate():
    beside = Path(__file__).resolve().parents[3] / "shared" / "reference"
    folder = Path(os.environ.get("ASSAY_SHARED_REFERENCE", beside)) / "causal"
    if not folder.is_dir():
        pytest.skip(f"no reference cases in {folder}; set ASSAY_SHARED_REFERENCE")
    cases = json.loads((folder / "manifest.json").read_text())
    (case,) = (case for case in cases if case["name"] == "llm_rdd")
    (want,) = (one for one in case["expected"] if one["quantity"] == "rdrobust robust CI")

    answer = await ask(
        str(folder / case["file"]),
        "sharp_jump",
        {
            "running": "query_confidence",
            "cutoff": 0.85,
            "treated_above": False,
        },
        outcome="task_completed",
    )

    assert answer["n_rows"] == 50_000
    low, high = want["value"]
    assert answer["estimate"]["interval"] == pytest.approx((-high, -low), abs=want["tol"])


async def test_options_of_another_design_are_refused_with_what_it_takes():
    with pytest.raises(ConfigError, match=r"needs|do not fit design 'cuped'.*covariates"):
        await ask(design="cuped")


def test_a_source_that_is_not_there_fails_with_its_name(flow_settings):
    with pytest.raises(SourceError, match="nowhere"):
        read_rows.fn("nowhere.csv", "", flow_settings)
