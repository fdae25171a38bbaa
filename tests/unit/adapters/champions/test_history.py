"""The history of champions on every database that the settings allow."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest

from assay.adapters.champions.chains import open_chains
from assay.adapters.champions.history import (
    carry_out,
    champion_at,
    champions,
    change_champion,
    finish_changes,
    history,
    history_breaks,
    newest_entry,
    platform_key_file,
)
from assay.adapters.tracking.client import mlflow_client
from assay.adapters.tracking.statements import Statements
from assay.errors import RegistryError, SourceError
from assay.history import Change, Served, Traffic, follow, next_link
from assay.history.entry import change_content, history_of
from assay.history.protocol import Append, ReadHead, change
from assay.history.traffic import promoted
from assay.ledger.signing import read_public
from assay.settings import Settings
from tests.services import mlflow_server, postgresql_databases
from tests.unit.history.worlds import World

__all__ = ["mlflow_server"]

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def settings(request, tmp_path):
    if request.param == "sqlite":
        yield Settings(home=tmp_path)
        return
    with postgresql_databases("assay_history_test") as server:
        yield Settings(home=tmp_path, database=f"{server}/assay_history_test")


def decision(version, head):
    traffic = promoted(
        head.traffic if head else Traffic(), Served(version, f"{version:064x}")
    )
    return Change("promoted", traffic, "flow run nightly", ("auc: kept",))


def append(settings, version, at, model_name="credit_default"):
    """Append an entry without a registry."""
    with open_chains(settings) as chains:
        head = chains.head(history_of(model_name))
        content = change_content(decision(version, newest_entry(settings, model_name)))
        return chains.append(next_link(history_of(model_name), head, content, at))


def test_entries_come_back_in_order_whole_and_in_utc(settings):
    for version in (1, 2, 3):
        assert append(settings, version, START + timedelta(days=version))
    found = champions(settings, "credit_default")
    assert [each.version for each in found] == [1, 2, 3]
    assert found[1].since == START + timedelta(days=2)
    assert found[1].reasons == ("auc: kept",)
    assert history_breaks(settings, "credit_default") == []
    assert newest_entry(settings, "credit_default") == found[-1]


def test_who_was_champion_at_a_moment_is_the_last_entry_up_to_it(settings):
    for version in (1, 2):
        append(settings, version, START + timedelta(days=version))

    def at(days, **more):
        found = champion_at(
            settings, "credit_default", START + timedelta(days=days, **more)
        )
        return found.version if found else None

    assert at(0) is None
    assert at(1, microseconds=-1) is None
    assert [at(1), at(2, microseconds=-1), at(2), at(999)] == [1, 1, 2, 2]


def test_two_entries_of_one_moment_show_the_later(settings):
    append(settings, 1, START)
    append(settings, 2, START)
    assert champion_at(settings, "credit_default", START).version == 2


def test_a_number_is_given_once(settings):
    append(settings, 1, START)
    with open_chains(settings) as chains:
        link = chains.head(history_of("credit_default"))
        assert not chains.append(link)
        rival = next_link(link.chain, None, {"a": 1}, START)
        assert not chains.append(rival)
    assert len(history(settings, "credit_default")) == 1


def test_models_do_not_share_a_history(settings):
    append(settings, 1, START)
    append(settings, 1, START, "taiwan_credit")
    assert len(champions(settings, "taiwan_credit")) == 1
    assert champions(settings, "unknown") == []
    assert newest_entry(settings, "unknown") is None


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path):
    url = "postgresql+psycopg://assay:geheim@127.0.0.1:1/assay"
    with pytest.raises(SourceError, match=r"assay:\*\*\*@127\.0\.0\.1:1") as caught:
        champions(Settings(home=tmp_path, database=url), "credit_default")
    assert "geheim" not in str(caught.value)


@pytest.fixture
def registry(mlflow_server, tmp_path):
    """Give settings with a real registry that holds a model of five bare versions."""
    settings = Settings(home=tmp_path, mlflow_url=mlflow_server)
    client = mlflow_client(settings)
    name = f"m_{tmp_path.name[-20:]}"
    client.create_registered_model(name)
    run = client.create_run("0").info
    for _ in range(5):
        client.create_model_version(name, f"{run.artifact_uri}/bare", run.run_id)
    return settings, name


def followed(settings, name):
    texts = Statements(settings).of(name).values()
    return follow(None, name, texts, read_public(public_file(settings)))


def public_file(settings):
    return platform_key_file(settings).with_suffix(".pub")


def test_a_change_reaches_history_alias_and_servers(registry):
    settings, name = registry
    for version in (1, 2):
        change_champion(settings, name, partial(decision, version))
    assert Statements(settings).aliases(name) == {"champion": 2}
    assert list(Statements(settings).of(name)) == [2]
    found = followed(settings, name)
    assert found.problem == ""
    assert found.statement.traffic.champion == Served(2, f"{2:064x}")
    assert found.statement.entry_digest == history(settings, name)[-1].digest


class CrashError(Exception):
    """The process ended here."""


def dying(steps, n_steps):
    """Pass on so many steps, then die before the next is carried out."""
    answer = None
    for _ in range(n_steps):
        try:
            step = steps.send(answer)
        except StopIteration as ended:
            return ended.value
        answer = yield step
    raise CrashError


def test_a_crash_at_any_call_leaves_the_old_or_the_new_and_the_next_run_finishes(
    registry,
):
    settings, name = registry
    change_champion(settings, name, partial(decision, 1))
    n_steps, old = 0, 1
    while True:
        n_steps += 1
        new = 3 - old
        steps = change(name, partial(decision, new), datetime.now(UTC))
        try:
            carry_out(settings, dying(steps, n_steps))
            died = False
        except CrashError:
            died = True
        standing = newest_entry(settings, name).version
        assert standing in (old, new)
        assert Statements(settings).aliases(name)["champion"] in (old, new)
        assert followed(settings, name).statement.traffic.champion.version in (old, new)
        finish_changes(settings, name)
        assert Statements(settings).aliases(name) == {"champion": standing}
        assert followed(settings, name).statement.traffic.champion.version == standing
        assert history_breaks(settings, name) == []
        old = standing
        if not died:
            break
    assert n_steps > 6


def change_often(settings, name, versions):
    for version in versions:
        try:
            change_champion(settings, name, partial(decision, version))
        except RegistryError:
            continue  # it is the champion already


def test_processes_that_change_at_once_leave_one_champion(registry):
    settings, name = registry
    context = multiprocessing.get_context("spawn")  # no connection is shared
    plans = [(1, 2, 3), (4, 5, 4), (2, 1, 5)]
    workers = [
        context.Process(target=change_often, args=(settings, name, plan))
        for plan in plans
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert history_breaks(settings, name) == []
    entries = history(settings, name)
    assert len(entries) >= 5
    last = entries[-1]
    assert Statements(settings).aliases(name) == {"champion": last.version}
    assert followed(settings, name).statement.sequence == last.sequence


class OnSqlite(World):
    """A world whose history is in a real database; aliases and tags are in memory."""

    def __init__(self, settings):
        super().__init__()
        self.settings = settings

    def carry_out(self, step):
        with open_chains(self.settings) as chains:
            if isinstance(step, ReadHead):
                return chains.head(history_of(step.model_name))
            if isinstance(step, Append):
                return chains.append(step.link)
        return super().carry_out(step)


@pytest.mark.slow
def test_interleaved_changes_on_a_real_database_leave_one_champion(tmp_path):
    settings, n_conflicts = Settings(home=tmp_path), 0
    world = OnSqlite(settings)
    for seed in range(200):
        rng, name = np.random.default_rng(seed), f"m{seed}"
        changes = [
            [change(name, partial(decision, int(v)), START), None]
            for v in rng.permutation(4)[:3] + 1
        ]
        n_steps = 0
        while changes:
            chosen = changes[rng.integers(len(changes))]
            try:
                step = chosen[0].send(chosen[1])
            except StopIteration:
                changes.remove(chosen)
                continue
            chosen[1] = world.carry_out(step)
            n_steps += 1
            n_conflicts += chosen[1] is False
        entries = history(settings, name)
        assert history_breaks(settings, name) == []
        assert len(entries) == 3
        assert len({entry.version for entry in entries}) == 3
        assert world.aliases["champion"] == entries[-1].version
        assert max(world.published) == 3
        world.published.clear()
        world.aliases.clear()
    assert n_conflicts > 50
