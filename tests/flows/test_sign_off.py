"""From a challenger to a champion that people signed for, on real servers."""

import json
import subprocess
import sys

import pytest
from prefect.client.orchestration import get_client

from assay.adapters.champions.history import champions, history, platform_key_file
from assay.adapters.champions.signoffs import (
    add_key,
    policies_now,
    signoff_cases,
    trainer_of,
)
from assay.adapters.tracking import Registry
from assay.adapters.tracking.statements import Statements
from assay.canary import goes_to_canary
from assay.errors import RegistryError
from assay.history import follow
from assay.ledger.signing import public_bytes, read_public, signing_key
from deployments.command.signing import signature_for
from flows.check_champions import check_champions
from flows.ingest_snapshot import ingest_snapshot
from flows.promote_challenger import promote_challenger
from flows.roll_back import roll_back
from flows.sign_off import sign_off
from flows.stop_model import stop_model
from flows.train_challenger import train_challenger
from flows.try_version import try_version
from flows.watch_canaries import watch_canaries
from flows.watch_canary import watch_canary
from tests.flows.test_nightly import artifacts, source

AS_OF = "2026-06-01T00:00:00+00:00"
NAME = "lender_signed"
POLICY = """
revision = 1
default_tier = "medium"
request_days = 14
[tiers]
low = []
medium = ["developer", "validator"]
high = ["developer", "validator", "auditor"]
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give folders with a contract of a model that needs two signatures."""
    folder = tmp_path_factory.mktemp("signed")
    for name in ("contracts", "policies"):
        (folder / name).mkdir()
    from deployments.environment import project_root

    shipped = project_root() / "data" / "contracts" / "credit_default.toml"
    text = shipped.read_text().replace('"credit_default"', f'"{NAME}"', 1)
    (folder / "contracts" / f"{NAME}.toml").write_text(text)
    (folder / "policies" / "signoff.toml").write_text(POLICY)
    return folder


@pytest.fixture(autouse=True)
def signed_settings(flow_settings, files, monkeypatch):
    changed = {
        "contracts": files / "contracts",
        "policies": files / "policies",
        "identity": "tom",
    }
    for name, value in changed.items():
        monkeypatch.setenv(f"ASSAY_{name.upper()}", str(value))
    return flow_settings.model_copy(update=changed)


def key_file(settings, files, owner, role):
    file = files / f"{settings.home.parent.name}-{owner}-{role}.pem"
    if not file.exists():
        add_key(settings, owner, role, public_bytes(signing_key(file)))
    return file


async def signs(settings, files, owner, role, decision="approve", comment="seen"):
    file = key_file(settings, files, owner, role)
    made = signature_for(settings, NAME, decision, comment, file)
    return await sign_off(NAME, decision, made.key_id, made.value, comment)


def served(settings):
    public = read_public(platform_key_file(settings).with_suffix(".pub"))
    texts = Statements(settings).of(NAME).values()
    return follow(None, NAME, texts, public).statement.traffic


async def test_a_version_waits_and_is_promoted_after_the_second_signature(
    signed_settings, files
):
    await ingest_snapshot(NAME, source(), AS_OF)
    made = await train_challenger(NAME, folds=0)
    assert trainer_of(signed_settings, NAME, made["bundle_digest"]) == "tom"

    asked = await promote_challenger(NAME)
    assert not asked["promoted"]
    assert asked["waits_for"] == ["developer", "validator"]
    assert Registry(signed_settings).with_alias(NAME, "champion") is None
    assert "Next to sign: developer" in (await artifacts("lender-signed-signoff"))[-1]

    first = await signs(signed_settings, files, "tom", "developer")
    assert (first["status"], first["next_role"]) == ("waiting", "validator")
    assert champions(signed_settings, NAME) == []

    second = await signs(signed_settings, files, "vera", "validator", comment="sound")
    assert second["status"] == "approved"
    [entry] = champions(signed_settings, NAME)
    assert entry.bundle_digest == made["bundle_digest"]
    assert "vera approved as validator: sound" in entry.actor
    assert Registry(signed_settings).champion(NAME).version == entry.version
    assert served(signed_settings).champion.version == entry.version
    [case] = signoff_cases(signed_settings, NAME)
    assert case.outcome == "promoted"


async def test_the_trainer_cannot_validate_and_a_stranger_cannot_sign(
    signed_settings, files
):
    await train_challenger(NAME, algorithm="logistic", seed=1, folds=0)
    challenger = Registry(signed_settings).with_alias(NAME, "challenger")
    before = Registry(signed_settings).champion(NAME)
    await ask_for(signed_settings, challenger, before)
    await signs(signed_settings, files, "dora", "developer")
    with pytest.raises(RegistryError, match="tom trained the version"):
        await signs(signed_settings, files, "tom", "validator")
    with pytest.raises(RegistryError, match="not registered"):
        await sign_off(NAME, "approve", "0" * 16, "0" * 128)
    refused = await signs(signed_settings, files, "vera", "validator", "refuse", "thin")
    assert refused["status"] == "refused"
    with pytest.raises(RegistryError, match="has not passed the gate"):
        await try_version(NAME, challenger.version, 0.1)
    assert Registry(signed_settings).champion(NAME) == before
    assert "vera refused" in (await artifacts("lender-signed-signoff"))[-1]


async def ask_for(settings, challenger, champion):
    """Ask for signatures as the promotion does after its gate let a version pass."""
    from prefect import flow

    from assay.promotion import PromotionDecision
    from tasks.promote import Candidates
    from tasks.signoff import request_signoff

    @flow
    async def ask():
        judged_under = policies_now(settings, NAME)[:1]
        decision = PromotionDecision(("auc: kept",), (), policies=judged_under)
        return request_signoff(Candidates(challenger, champion), decision, settings)

    return await ask()


async def test_a_signed_version_can_be_rolled_back_stopped_and_resumed(
    signed_settings, files
):
    settings = signed_settings
    first = Registry(settings).champion(NAME)
    challenger = Registry(settings).with_alias(NAME, "challenger")
    await ask_for(settings, challenger, first)
    await signs(settings, files, "dora", "developer")
    await signs(settings, files, "vera", "validator")
    assert served(settings).champion.version == challenger.version

    back = await roll_back(NAME, "complaints doubled")
    assert back["version"] == first.version
    assert served(settings).champion.version == first.version
    assert history(settings, NAME)[-1].reasons == ("complaints doubled",)
    assert "complaints doubled" in (await artifacts("lender-signed-history"))[-1]
    with pytest.raises(RegistryError, match="never was the champion"):
        await roll_back(NAME, "a wish", 99)

    await stop_model(NAME, "a person said so")
    assert served(settings).stopped == "a person said so"
    await stop_model(NAME, "seen to", "resume")
    assert served(settings).stopped == ""


async def test_a_canary_that_costs_more_is_withdrawn_by_itself(signed_settings, files):
    settings = signed_settings
    champion = served(settings).champion
    challenger = Registry(settings).with_alias(NAME, "challenger")
    await try_version(NAME, challenger.version, 0.5)
    traffic = served(settings)
    assert (traffic.canary.version, traffic.canary_share) == (challenger.version, 0.5)

    rows = []
    for i in range(1500):
        tried = goes_to_canary(f"e-{i}", traffic.canary.bundle_digest, 0.5)
        # The canary approves everybody, and every fifth does not pay.
        rows.append(
            {
                "entity": f"e-{i}",
                "version": (traffic.canary if tried else champion).version,
                "probability": 0.01 if tried else 0.02,
                "failed": False,
                "label": int(tried and i % 5 == 0),
            }
        )
    watched = await watch_canaries()
    assert {name: seen["n_new"] for name, seen in watched.items()} == {NAME: 0}
    early, late = files / "early.jsonl", files / "late.jsonl"
    early.write_text("\n".join(json.dumps({**row, "label": None}) for row in rows))
    late.write_text("\n".join(json.dumps(row) for row in rows))
    seen = await watch_canary(NAME, str(early))
    assert (seen["n_new"], seen["withdrawn"]) == (1500, False)
    seen = await watch_canary(NAME, str(late))
    assert seen["withdrawn"]
    assert "it costs more than the champion" in seen["reasons"][0]
    assert served(settings).canary is None
    assert served(settings).champion == champion
    assert history(settings, NAME)[-1].action == "canary_withdrawn"
    assert (await watch_canary(NAME, str(late)))["version"] is None
    assert await watch_canaries() == {}


async def test_an_alias_moved_by_hand_is_noticed_and_servers_stay(signed_settings):
    settings = signed_settings
    assert (await check_champions())[NAME] == []
    standing = served(settings)
    other = Registry(settings).with_alias(NAME, "challenger").version
    Registry(settings).move_alias(NAME, "champion", other)
    with pytest.raises(RegistryError, match="moved by hand; servers stay with version"):
        await check_champions()
    assert served(settings) == standing
    assert "moved by hand" in json.dumps(await artifacts("champions-check"))
    Registry(settings).move_alias(NAME, "champion", standing.champion.version)
    assert (await check_champions())[NAME] == []


async def test_a_request_outlives_every_process_and_ends_as_refused(
    signed_settings, files
):
    settings = signed_settings
    challenger = Registry(settings).with_alias(NAME, "challenger")
    short = POLICY.replace("request_days = 14", "request_days = 0.000001")
    (files / "policies" / "signoff.toml").write_text(short)
    await ask_for(settings, challenger, Registry(settings).champion(NAME))
    seen = subprocess.run(
        [sys.executable, "-c", LOOK, NAME],
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen.stdout.strip() == "open"
    await check_champions()
    ended = signoff_cases(settings, NAME)[-1]
    assert ended.outcome == "refused"
    assert "nobody decided" in ended.reasons[0]


LOOK = """
import sys
from assay.adapters.champions.signoffs import signoff_cases
from assay.settings import Settings
print(signoff_cases(Settings(), sys.argv[1])[-1].outcome)
"""


async def test_the_form_is_typed_and_refuses_what_is_no_signature():
    properties = sign_off.parameters.properties
    assert properties["decision"]["enum"] == ["approve", "refuse"]
    async with get_client() as client:
        assert (await client.api_healthcheck()) is None
    with pytest.raises(Exception, match="pattern"):
        await sign_off(NAME, "approve", "0" * 16, "not a signature")
