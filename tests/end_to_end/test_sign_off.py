"""From three challengers to one champion that two people signed for in the Prefect UI."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from assay.adapters.champions.history import champions, change_champion, newest_entry
from assay.adapters.champions.signoffs import add_key, signoff_cases
from assay.adapters.tracking import Registry
from assay.errors import RegistryError
from assay.history import Served
from assay.history.decisions import promotion
from assay.ledger.signing import public_bytes, signing_key
from assay.settings import Settings
from deployments.bootstrap import apply_plan, read_plan
from deployments.command.signing import signature_for
from flows.ingest_snapshot import ingest_snapshot
from flows.promote_challenger import promote_challenger
from flows.train_challenger import train_challenger
from flows.try_version import try_version
from tests.end_to_end.lender import CONTRACT, NAME, POLICY, write_rows
from tests.end_to_end.platform import ROOT
from tests.services import running_mlflow, running_prefect

AS_OF = "2026-06-01T00:00:00+00:00"
CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 600_000
PEOPLE = (("tom", "developer", "trained as asked"), ("vera", "validator", "slices seen"))

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(3_600),
]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the platform of this test runs."""

    settings: Settings
    base: str
    folder: Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("mlflow", "prefect", "home", "contracts", "policies"):
        (tmp_path / name).mkdir()
    (tmp_path / "contracts" / f"{NAME}.toml").write_text(CONTRACT)
    (tmp_path / "policies" / "signoff.toml").write_text(POLICY)
    database = f"sqlite+aiosqlite:///{tmp_path}/prefect/prefect.db"
    with ExitStack() as stack:
        api = stack.enter_context(running_prefect(tmp_path / "prefect", database))
        kept = f"sqlite:///{tmp_path}/mlflow/mlflow.db"
        mlflow = stack.enter_context(running_mlflow(tmp_path / "mlflow", kept))
        stack.enter_context(temporary_settings({PREFECT_API_URL: api}))
        for name, value in {
            "PREFECT_API_URL": api,
            "ASSAY_HOME": str(tmp_path / "home"),
            "ASSAY_CONTRACTS": str(tmp_path / "contracts"),
            "ASSAY_POLICIES": str(tmp_path / "policies"),
            "ASSAY_MLFLOW_URL": mlflow,
            "ASSAY_IDENTITY": "tom",
            "PYTHONPATH": str(ROOT),
        }.items():
            monkeypatch.setenv(name, value)
        with (tmp_path / "worker.log").open("w") as log:
            stack.callback(started_worker(log).terminate)
        yield Place(Settings(_env_file=None), api.removesuffix("/api"), tmp_path)


def started_worker(log) -> subprocess.Popen[bytes]:
    """Put the form on the server and start a worker that carries its runs out."""
    plan = read_plan(ROOT)
    forms = [one for one in plan.deployments if "sign_off" in one["entrypoint"]]
    apply_plan(dataclasses.replace(plan, deployments=forms), Settings())
    command = ["prefect", "worker", "start", "--pool", "local", "--type", "process"]
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


async def form_id() -> str:
    async with get_client() as client:
        return str((await client.read_deployment_by_name("sign-off/on-demand")).id)


async def shot(page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOT_FOLDER"):
        await page.screenshot(path=f"{folder}/{name}.png", full_page=True)


async def fill_in_and_submit(page, place: Place, owner, role, comment: str) -> None:
    """Sign with the person's key, then do in the UI what the person does there."""
    file = place.folder / f"{owner}.pem"
    add_key(place.settings, owner, role, public_bytes(signing_key(file)))
    made = signature_for(place.settings, NAME, "approve", comment, file)
    form = await form_id()
    await page.goto(f"{place.base}/deployments/deployment/{form}/run")

    def field(title: str):
        named = page.get_by_text(re.compile(rf"^{title}( \(Optional\))?$"))
        return page.locator(".schema-form-property").filter(has=named).last

    await field("Key").wait_for()
    given = {"Model": NAME, "Key": made.key_id, "Signature": made.value}
    for title, text in (given | {"Comment": comment}).items():
        await field(title).locator("textarea").fill(text)
    await field("Decision").locator("button.p-select-button__control").focus()
    await page.keyboard.press("ArrowDown")
    await page.locator(".p-select-option").filter(has_text="approve").click()
    assert "your private key stays with you" in await page.inner_text("body")
    await shot(page, f"form-{role}")
    await page.get_by_role("button", name="Submit").click()


async def settled(place: Place, n_signatures: int) -> None:
    """Return once the worker's run took the signature."""
    for _ in range(600):
        case = signoff_cases(place.settings, NAME)[-1]
        wanted = "promoted" if n_signatures == len(PEOPLE) else "open"
        if len(case.signatures) == n_signatures and case.outcome == wanted:
            return
        await asyncio.sleep(1)
    pytest.fail((place.folder / "worker.log").read_text()[-3000:])


async def trained_and_judged(**training) -> dict:
    await train_challenger(NAME, folds=0, **training)
    return await promote_challenger(NAME)


async def test_the_better_is_signed_in_the_form_and_the_others_are_refused(place):
    from playwright.async_api import async_playwright

    settings = place.settings
    fair = write_rows(place.folder / "fair.csv", is_fair=True)
    await ingest_snapshot(NAME, str(fair), AS_OF)
    old = await train_challenger(NAME, algorithm="logistic", folds=0)
    standing = Served(old["version"], old["bundle_digest"])
    first = promotion(standing, judged_against=None, reasons=("first",), actor="tests")
    change_champion(settings, NAME, first)

    better = await trained_and_judged()
    assert better["failures"] == []
    assert better["waits_for"] == ["developer", "validator"]
    assert newest_entry(settings, NAME).version == standing.version

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        page = await browser.new_page(viewport={"width": 1300, "height": 1300})
        page.set_default_timeout(PATIENCE_MS)
        page.set_default_navigation_timeout(PATIENCE_MS)
        for n_signed, person in enumerate(PEOPLE, 1):
            await fill_in_and_submit(page, place, *person)
            await settled(place, n_signed)
        await page.goto(f"{place.base}/runs")
        await page.get_by_text("promote-challenger").first.wait_for()
        await shot(page, "runs")
        await page.goto(better["report_page"])
        await page.frame_locator("iframe").locator("h1").wait_for()
        await shot(page, "report")
        await browser.close()

    promoted = champions(settings, NAME)[-1]
    assert promoted.version == better["version"]
    assert "vera approved as validator: slices seen" in promoted.actor

    worse = await trained_and_judged(algorithm="logistic", seed=1)
    assert not worse["promoted"]
    assert worse["waits_for"] == []
    assert any("auc" in reason and "champion" in reason for reason in worse["failures"])

    unfair_rows = write_rows(place.folder / "unfair.csv", is_fair=False, seed=1)
    await ingest_snapshot(NAME, str(unfair_rows), AS_OF)
    made = await train_challenger(NAME, folds=0)
    with pytest.raises(RegistryError, match="has not passed the gate"):
        await try_version(NAME, made["version"], 0.1)
    unfair = await promote_challenger(NAME)
    assert not unfair["promoted"]
    assert unfair["waits_for"] == []
    assert any("group" in reason and "approv" in reason for reason in unfair["failures"])
    with pytest.raises(RegistryError, match="the gate refused version"):
        await try_version(NAME, unfair["version"], 0.1)
    if folder := os.environ.get("SCREENSHOT_FOLDER"):
        told = {"worse": worse["failures"], "unfair": unfair["failures"]}
        (Path(folder) / "reasons.json").write_text(json.dumps(told, indent=1))
    assert champions(settings, NAME)[-1] == promoted
    assert Registry(settings).champion(NAME).version == promoted.version
