"""Documents become the version that answers only through the golden questions."""

import json
import shutil

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from assay.errors import BundleError, DataError, RegistryError
from assay.retrieval.answers.golden import read_golden
from assay.retrieval.index import current_version
from flows.evaluate_answers import evaluate_answers
from flows.index_documents import index_documents

GOLDEN = "data/evaluation/golden.jsonl"
LIMITS = "data/evaluation/limits.json"


async def pages():
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(
                key=ArtifactFilterKey(any_=["document-index-evaluation"])
            )
        )
    return [one.data for one in sorted(found, key=lambda one: one.created)]


def limits_of(root, tmp_path, **changed):
    limits = json.loads((root / LIMITS).read_text()) | changed
    path = tmp_path / "limits.json"
    path.write_text(json.dumps({k: v for k, v in limits.items() if v is not None}))
    return str(path)


async def test_an_evaluation_without_an_index_says_what_to_run(flow_settings):
    shutil.rmtree(flow_settings.document_index, ignore_errors=True)
    with pytest.raises(RegistryError, match="index-documents"):
        await evaluate_answers()


async def test_the_shipped_documents_become_the_version_that_answers(flow_settings):
    outcome = await index_documents()
    assert current_version(flow_settings.document_index) == outcome["version"]
    assert outcome["n_documents"] >= 12
    assert "passed" in (await pages())[-1]
    measured = await evaluate_answers()
    assert measured["version"] == outcome["version"]
    assert measured["refused_share"] == 1.0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"recall_at_5": None}, "recall_at_5 has no limit"),
        ({"ndcg_at_10": 1.1}, "ndcg_at_10 is 1.000, below 1.100"),
        ({"novelty": 0.5}, "novelty was not measured"),
        ({"refused_share": float("nan")}, "refused_share is"),
    ],
)
async def test_an_evaluation_fails_on_a_limit_that_is_missing_or_missed(
    flow_settings, root, tmp_path, changed, reason
):
    if current_version(flow_settings.document_index) is None:
        await index_documents()
    with pytest.raises(DataError, match=reason):
        await evaluate_answers(limits=limits_of(root, tmp_path, **changed))
    assert reason in (await pages())[-1]


async def test_documents_that_answer_worse_do_not_replace_those_in_service(
    flow_settings, root, tmp_path
):
    serving = (await index_documents())["version"]
    poorer = tmp_path / "documents"
    shutil.copytree(root / "data/documents", poorer)
    for path in (poorer / "northmere").iterdir():
        path.unlink()
    lax = dict.fromkeys(json.loads((root / LIMITS).read_text()), 0.0)
    with pytest.raises(BundleError, match="against the version in service"):
        await index_documents(
            documents=str(poorer), limits=limits_of(root, tmp_path, **lax)
        )
    assert current_version(flow_settings.document_index) == serving
    assert "against the version in service" in (await pages())[-1]


async def test_a_gate_is_calibrated_by_questions_that_do_not_judge_it(
    flow_settings, root, tmp_path
):
    asked = [one for one in read_golden(root / GOLDEN) if one.kind != "empty"]
    lines = [
        {"id": one.id, "kind": one.kind, "question": f"Please say: {one.question}"}
        for one in asked
    ]
    path = tmp_path / "calibration.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    outcome = await index_documents(calibration=str(path))
    folder = flow_settings.document_index / "versions" / str(outcome["version"])
    found = json.loads((folder / "calibration.json").read_text())
    n_answerable = sum(one.kind == "answerable" for one in asked)
    assert (found["n_answerable"], found["auroc"] > 0.5) == (n_answerable, True)
    report = flow_settings.document_index / "evaluations" / f"{outcome['version']}.json"
    assert json.loads(report.read_text())["gate"] == found
    said = "fitted to" if found["source"] == "judged questions" else "one that ships"
    assert said in (await pages())[-1]


async def test_golden_questions_do_not_calibrate_the_gate_that_they_judge(flow_settings):
    serving = current_version(flow_settings.document_index)
    with pytest.raises(DataError, match="are golden ones, which judge"):
        await index_documents(calibration=GOLDEN)
    assert current_version(flow_settings.document_index) == serving
