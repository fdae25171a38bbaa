"""A sign-off that outlives the server, and a policy that changes while people sign."""

import subprocess
import sys
import uuid
from contextlib import contextmanager

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from assay.adapters.champions.history import champions
from assay.adapters.champions.signoffs import add_key, open_case, signoff_cases
from assay.adapters.tracking import Registry
from assay.ledger.signing import public_bytes, signing_key
from deployments.command.signing import signature_for
from deployments.environment import project_root
from flows.check_champions import check_champions
from flows.ingest_snapshot import ingest_snapshot
from flows.promote_challenger import promote_challenger
from flows.sign_off import sign_off
from flows.train_challenger import train_challenger
from tests.flows.test_nightly import source
from tests.services import answers, free_port, postgresql_databases, running_prefect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
AS_OF = "2026-06-01T00:00:00+00:00"
NAME = "lender_restart"
ROLES = ("developer", "validator", "auditor")
OWNERS = {"developer": "dora", "validator": "vera", "auditor": "axel"}
POLICY = """
revision = 1
default_tier = "high"
request_days = 14
[tiers]
low = []
medium = ["validator"]
high = ["developer", "validator", "auditor"]
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give folders with a contract and a policy that a test may change."""
    folder = tmp_path_factory.mktemp("restarted")
    for name in ("contracts", "policies"):
        (folder / name).mkdir()
    shipped = project_root() / "data" / "contracts" / "credit_default.toml"
    text = shipped.read_text().replace('"credit_default"', f'"{NAME}"', 1)
    (folder / "contracts" / f"{NAME}.toml").write_text(text)
    (folder / "policies" / "signoff.toml").write_text(POLICY)
    return folder


@pytest.fixture
def settings(flow_settings, files, monkeypatch):
    changed = {
        "contracts": files / "contracts",
        "policies": files / "policies",
        "identity": "tom",
    }
    for name, value in changed.items():
        monkeypatch.setenv(f"ASSAY_{name.upper()}", str(value))
    return flow_settings.model_copy(update=changed)


@pytest.fixture
def server(services, tmp_path):
    """Return a context that runs one Prefect server, on one port and one database.

    The database is of the kind that the other services of the test have.
    """
    port = free_port()

    @contextmanager
    def run():
        with (
            running_prefect(tmp_path, database, port) as api,
            temporary_settings({PREFECT_API_URL: api}),
        ):
            yield api

    own = services.settings.database.get_secret_value()
    if not own.startswith("postgresql"):
        database = f"sqlite+aiosqlite:///{tmp_path}/prefect.db"
        yield run
        return
    name = f"assay_test_{uuid.uuid4().hex[:12]}"
    with postgresql_databases(name) as url:
        database = f"{url.replace('+psycopg', '+asyncpg')}/{name}"
        yield run


async def signs(settings, files, role, comment="seen"):
    file = files / f"{settings.home.parent.name}-{role}.pem"
    if not file.exists():
        add_key(settings, OWNERS[role], role, public_bytes(signing_key(file)))
    made = signature_for(settings, NAME, "approve", comment, file)
    return await sign_off(NAME, "approve", made.key_id, made.value, comment)


LOOK = """
import sys
from assay.adapters.champions.signoffs import signoff_cases
from assay.settings import Settings
case = signoff_cases(Settings(), sys.argv[1])[-1]
print(case.outcome, len(case.signatures), *case.request.roles)
"""


async def test_a_request_outlives_a_restart_and_is_promoted_after_three_signatures(
    settings, files, server
):
    with server() as api:
        await ingest_snapshot(NAME, source(), AS_OF)
        await train_challenger(NAME, folds=0)
        asked = await promote_challenger(NAME)
        assert asked["waits_for"] == list(ROLES)
        first = await signs(settings, files, "developer")
        assert (first["status"], first["next_role"]) == ("waiting", "validator")
    assert not answers(f"{api}/health")
    # Another process, with no server at all, finds the request where it stood.
    seen = subprocess.run(
        [sys.executable, "-c", LOOK, NAME], capture_output=True, text=True, check=True
    )
    assert seen.stdout.split() == ["open", "1", *ROLES]
    assert champions(settings, NAME) == []

    with server() as again:
        assert again == api
        second = await signs(settings, files, "validator", "sound")
        assert (second["status"], second["next_role"]) == ("waiting", "auditor")
        third = await signs(settings, files, "auditor", "in order")
        assert third["status"] == "approved"
        [entry] = champions(settings, NAME)
        assert Registry(settings).champion(NAME).version == entry.version
        assert entry.version == asked["version"]
        assert "axel approved as auditor: in order" in entry.actor
        [case] = signoff_cases(settings, NAME)
        assert case.outcome == "promoted"
        assert [mark.policy for mark in case.request.policies] == ["gates", "sign-off"]


async def test_a_policy_that_changes_while_people_sign_refuses_what_was_asked(
    settings, files
):
    before = Registry(settings).champion(NAME)
    await train_challenger(NAME, seed=1, folds=0)
    asked = await promote_challenger(NAME)
    assert asked["waits_for"] == list(ROLES), asked["failures"]
    await signs(settings, files, "developer")
    policy = files / "policies" / "signoff.toml"
    policy.write_text(POLICY.replace("request_days = 14", "request_days = 7"))
    ended = await signs(settings, files, "validator")
    assert ended["status"] == "refused"
    assert "policy sign-off (tier high, revision 1, " in ended["reasons"][0]
    assert Registry(settings).champion(NAME) == before
    assert signoff_cases(settings, NAME)[-1].outcome == "refused"


async def test_a_request_that_nobody_decides_in_time_ends_as_refused(settings, files):
    before = Registry(settings).champion(NAME)
    short = POLICY.replace("request_days = 14", "request_days = 0.000001")
    (files / "policies" / "signoff.toml").write_text(short)
    asked = await promote_challenger(NAME)
    assert asked["waits_for"] == list(ROLES), asked["failures"]
    assert open_case(settings, NAME).request.version == asked["version"]
    await check_champions()
    ended = signoff_cases(settings, NAME)[-1]
    assert (ended.outcome, ended.signatures) == ("refused", ())
    assert "nobody decided until" in ended.reasons[0]
    assert Registry(settings).champion(NAME) == before
    (files / "policies" / "signoff.toml").write_text(POLICY)
